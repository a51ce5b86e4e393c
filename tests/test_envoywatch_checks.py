import pytest

from config.errors import ConfigError
from config.load import load_config
from envoywatch.checks import all_checks

PEOPLE = """\
people:
  - {name: Ingrid Solvang, offices: [{title: Envoy, level: deputy, envoy: true}]}
  - {name: Tomas Berg}
groups: {team: [Ingrid Solvang, Tomas Berg], nobody-yet: []}
"""


def load(tmp_path, text):
    path = tmp_path / "envoywatch.yaml"
    path.write_text(PEOPLE + text, encoding="utf-8")
    return load_config(path, environ={}, checks=all_checks())


def only(tmp_path, text):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert len(caught.value.findings) == 1, caught.value
    return caught.value.findings[0]


def test_known_people_and_groups_pass(tmp_path):
    loaded = load(
        tmp_path,
        """
watches:
  - {name: a, query: '@ingrid-solvang OR @team'}
  - {name: b, meeting: {guest: Ingrid Solvang}}
  - {name: c, meeting: {between: [tomas berg, '@team']}}
expect: [{name: d, meeting: {guest: team}, by: 2026-05-01T00:00:00Z}]
""",
    )
    assert len(loaded.config.watches) == 3


def test_a_bad_query_is_placed_at_its_column(tmp_path):
    found = only(tmp_path, "watches:\n  - {name: a, query: 'talks AND (b'}\n")
    assert found.line == 6
    assert found.column > len("  - {name: a, query: '")


def test_a_watch_with_a_wrong_option_has_its_name_and_its_query_judged_all_the_same(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(
            tmp_path,
            """
watches:
  - {name: a, query: talks OR war b}
  - {name: A, query: 'x AND (y', channel: desk}
  - {name: c, query: '@ingrid-solvag', send: often}
  - {name: d, query: 5, send: often}
""",
        )
    said = [(one.line, one.message) for one in caught.value.findings]
    assert [line for line, _ in said] == [8, 8, 8, 9, 9, 10, 10]
    messages = " ".join(message for _, message in said)
    for part in ("`channel`", "'A' is there twice", "never closed", "'often'", "'ingrid-solvag'"):
        assert part in messages


def test_an_unknown_person_of_a_query_is_placed_with_a_suggestion(tmp_path):
    found = only(tmp_path, "watches:\n  - {name: a, query: 'x @ingrid-solvag'}\n")
    assert (found.line, found.column) == (6, 25)
    assert "Ingrid Solvang" in found.hint


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("watches: [{name: a, meeting: {guest: Nobody Knows}}]\n", 5),
        ("watches: [{name: a, meeting: {between: [Tomas Berg, Nobody Knows]}}]\n", 5),
        ("expect: [{name: a, meeting: {guest: Nobody Knows}, by: 2026-05-01T00:00:00Z}]\n", 5),
    ],
)
def test_unknown_people_of_meetings_are_told(tmp_path, text, line):
    found = only(tmp_path, text)
    assert (found.line, "'Nobody Knows'" in found.message) == (line, True)


def test_groups_hold_known_people_and_have_names_of_their_own(tmp_path):
    path = tmp_path / "envoywatch.yaml"
    path.write_text("people: [{name: Tomas Berg}]\ngroups: {tomas-berg: [Tomas Berg], b: [Nobody Knows]}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path, environ={}, checks=all_checks())
    assert ["name of a person" in one.message for one in caught.value.findings] == [True, False]


def test_a_faulty_person_is_not_also_told_as_unknown(tmp_path):
    path = tmp_path / "envoywatch.yaml"
    path.write_text("people: [{name: Tomas Berg, age: 5}]\nwatches: [{name: a, query: '@tomas-berg'}]\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path, environ={}, checks=all_checks())
    assert [one.message for one in caught.value.findings] == ["unknown key `age`"]


def test_what_a_query_may_mean_otherwise_is_a_warning(tmp_path):
    warnings = load(tmp_path, "watches: [{name: a, query: 'x AND y OR z'}]\nsources: []\n").warnings
    assert any("binds" in one.message for one in warnings)


SOURCE = "sources: [{name: The Daily Note, country: FR, endpoints: [{feed: https://example.org/rss}]}]\n"


@pytest.mark.parametrize(
    ("query", "warning", "hint"),
    [
        ("talks source:daily", "source:daily is met by no article", "The Daily Note"),
        ('talks source:"The Daily Noot"', "is met by no article", "did you mean `The Daily Note`?"),
        ('talks source:"the daily note"', "", ""),
        ("talks -source:other", "", ""),
        ("talks country:RU", "country:RU is met by no article", "FR"),
        ("talks country:fr role:media", "", ""),
        ("talks role:official", "role:official is met by no article", "media"),
        ("lang:ru lang:en", "no article can match this", ""),
        ("-talks", "matches every article that lacks something", ""),
        ("@nobody-yet", "the group 'nobody-yet' names nobody", "add people"),
        ("talks @tomas-berg", "Tomas Berg is found only as written in Latin letters", "forms: {ru:"),
        ("talks @team", "Ingrid Solvang is found only", ""),
        ("talks @li-hui", "", ""),
    ],
)
def test_a_query_that_cannot_do_what_it_seems_to_is_warned_of(tmp_path, query, warning, hint):
    text = SOURCE + f"watches:\n  - name: a\n    query: |-\n      {query}\n"
    told = load(tmp_path, text).warnings
    assert bool(told) is bool(warning)
    assert all(hint in one.hint for one in told if warning in one.message)
    assert sum(bool(warning) and warning in one.message for one in told) == bool(warning)


# ---------------------------------------------------------------- what is said about bad input, word for word


@pytest.mark.parametrize(
    ("query", "message", "hint"),
    [
        (
            "war " * 25_000,
            "a query may have 20,000 characters; this one has 99,999",
            "make several watches of it, or a group of people",
        ),
        ("(" * 10_000, "parentheses may be nested 50 deep", "make several watches of it"),
        (
            "/(i?)putin/",
            "(i?) is the letter i or nothing",
            "did you mean (?i)? Patterns ignore capitals without it",
        ),
        ("*", "a lone *", "write the beginning of the word before it, as in negotiat*"),
        ('war ""', "an empty phrase", "write something between the quotes"),
        (
            "title:peace NEAR/5 war",
            "NEAR joins words, phrases, people and (a OR b) of these",
            "write title:(a NEAR/5 b)",
        ),
        (
            r"/(a+)\1/",
            r"not a regular expression: invalid escape sequence: \1",
            "back-references are not available: they cannot be searched in linear time",
        ),
        (
            "/((a{100}){100}){100}/",
            "not a regular expression: invalid repetition size: {100}",
            "",
        ),
        ('"peace', "this quote is never closed", 'add "'),
        ("titel:peace", "there is no field titel:", "did you mean title:? Text that contains a colon goes in quotes"),
        ("a NEAR5 b", "NEAR5 is not an operator", "did you mean NEAR/5?"),
        ("@tomas-burg", "nobody is known as 'tomas-burg'", "did you mean Tomas Berg?"),
    ],
)
def test_bad_input_is_answered_in_words_that_help(tmp_path, query, message, hint):
    text = "watches:\n  - {name: good, query: peace}\n  - name: bad\n    query: |-\n      " + query.strip() + "\n"
    found = only(tmp_path, text)
    assert (found.message, found.hint.partition(" or ")[0].rstrip("?")) == (
        message,
        hint.partition(" or ")[0].rstrip("?"),
    )
    assert found.line >= 8


def test_two_watches_of_one_name_are_told_with_what_to_do(tmp_path):
    found = only(tmp_path, "watches: [{name: War, query: a}, {name: war, query: b}]\n")
    assert found.message == "the name 'war' is there twice in `watches`"
    assert found.hint == "names are how pages and commands tell them apart; choose another"
