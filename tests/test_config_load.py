import os
import textwrap
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.channels import check_url
from config.checks import Problem
from config.errors import ConfigError
from config.load import load_config
from config.yaml_tree import NotYamlError, parse_yaml
from envoywatch.checks import all_checks

GOOD_SOURCE = "sources:\n  - name: A\n    endpoints: [feed: 'http://a.example/rss']\n"


def write(tmp_path, text, name="envoywatch.yaml"):
    path = tmp_path / name
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def load(tmp_path, text, environ=None, **more):
    return load_config(write(tmp_path, text), environ=environ or {}, **more)


def faults(tmp_path, text, environ=None, **more):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, environ, **more)
    assert caught.value.exit_code == 2
    return [(one.line, one.column, one.message, one.hint) for one in caught.value.findings]


def only(tmp_path, text, environ=None, **more):
    found = faults(tmp_path, text, environ, **more)
    assert len(found) == 1, found
    return found[0]


# ---------------------------------------------------------------- the file


def test_missing_file_is_told(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        load_config(tmp_path / "none.yaml", environ={})


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(ConfigError, match="a folder"):
        load_config(tmp_path, environ={})


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="not a regular file"):
        load_config(tmp_path / "pipe", environ={})


def test_an_unreadable_file_is_told(tmp_path, monkeypatch):
    path = write(tmp_path, GOOD_SOURCE)

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "read_bytes", refuse)
    with pytest.raises(ConfigError, match="no permission"):
        load_config(path, environ={})


def test_an_input_output_error_is_told(tmp_path, monkeypatch):
    path = write(tmp_path, GOOD_SOURCE)

    def fail(self):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(type(path), "read_bytes", fail)
    with pytest.raises(ConfigError, match="Input/output error"):
        load_config(path, environ={})


def test_a_path_with_nul_is_told_and_not_raised(tmp_path):
    with pytest.raises(ConfigError):
        load_config(tmp_path / "a\0b", environ={})


def test_bytes_that_are_not_utf8_are_told_with_their_place(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"sources: []\ncafe: caf\xe9\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path, environ={})
    assert (caught.value.findings[0].line, caught.value.findings[0].column) == (2, 10)


def test_an_oversized_file_is_refused(tmp_path):
    path = tmp_path / "big.yaml"
    with path.open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    with pytest.raises(ConfigError, match="larger than 16 MB"):
        load_config(path, environ={})


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "\ufeff", "null\n"])
def test_an_empty_file_is_told_with_what_to_do(tmp_path, text):
    line, _, message, hint = only(tmp_path, text)
    assert (line, message) == (0, "the file is empty")
    assert "init" in hint


@pytest.mark.parametrize("text", ["- a\n- b\n", "just words\n", "5\n"])
def test_top_level_must_be_a_mapping(tmp_path, text):
    assert "key: value" in only(tmp_path, text)[2]


@pytest.mark.parametrize(
    ("text", "line", "column", "hint"),
    [
        ("a: b: c\n", 1, 5, "quotes"),
        ("crawl:\n\tdelay: 1s\n", 2, 1, "spaces"),
        ("sources: [a\ncrawl: 1\n", 2, 6, "bracket"),
        ("watches:\n  - query: @x\n", 2, 12, "quotes"),
        ("web: 'x\n", 2, 1, "quotation mark"),
        ("a: 1\n---\nb: 2\n", 2, 1, "one document"),
        ("a: *b\n", 1, 4, "quotes"),
        ("web: {listen: x\ncrawl: {}\n", 2, 6, "brace"),
    ],
)
def test_syntax_errors_are_placed_and_explained(tmp_path, text, line, column, hint):
    found = only(tmp_path, text)
    assert found[:2] == (line, column)
    assert hint in found[3]


def test_a_control_character_is_placed(tmp_path):
    found = only(tmp_path, "web:\n  listen: a\x07b\n")
    assert found[:2] == (2, 12)
    assert "U+0007" in found[2]


def test_huge_nesting_ends_in_a_clear_error(tmp_path):
    assert "too deep" in only(tmp_path, "- " * 100_000)[2]
    assert "too deep" in only(tmp_path, "web: " + "{a: " * 100_000)[2]
    assert "too deep" in only(tmp_path, "web: " + "[" * 60 + "]" * 60)[2]


def test_an_alias_bomb_ends_in_a_clear_error(tmp_path):
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True):
        bomb += f"{after}: &{after} [{','.join([f'*{before}'] * 10)}]\n"
    assert "more values" in only(tmp_path, bomb)[2]


def test_an_alias_to_itself_ends_in_a_clear_error(tmp_path):
    assert "too deep" in only(tmp_path, "sources: &s [*s]\n")[2]


def test_anchors_and_aliases_work(tmp_path):
    loaded = load(
        tmp_path,
        """
        sources:
          - {name: A, endpoints: &e [feed: 'http://a.example/']}
          - {name: B, endpoints: *e}
        """,
    )
    assert loaded.config.sources[0].endpoints == loaded.config.sources[1].endpoints


_pieces = st.sampled_from(
    [*"[]{}:?|>%@`#~=\t\x85\u2028'\"", "- ", "\n", "\n  ", "&a ", "*a", "!x ", "---\n", "...\n", "${A}", "${", "$$"]
) | st.sampled_from(
    ["sources", "a", "web", "%YAML 1.1\n", "<<", "0x", "1e999", "2024-99-99", "null", "\ufeff", "\ud800"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_pieces, max_size=25).map("".join))
def test_any_text_is_data_or_a_placed_fault(text):
    with suppress(NotYamlError):
        line, column = parse_yaml(text, {}).place(("a", 0, "b"), offset=3)
        assert line > 0
        assert column > 0


def test_a_file_of_the_old_yaml_keeps_its_words(tmp_path):
    loaded = load(tmp_path, "%YAML 1.1\n---\n" + GOOD_SOURCE + "web: {listen: off}\n")
    assert loaded.config.web.listen == "off"


def test_an_anchor_may_be_used_again(tmp_path):
    load(tmp_path, GOOD_SOURCE + "watches: [{name: &a x, query: &a y}]\n")


# ---------------------------------------------------------------- keys and values


def test_promise_35_every_fault_is_told_at_once_in_the_order_of_the_file(tmp_path):
    found = faults(
        tmp_path,
        """\
        sorces: []
        crawl: {interval: 5x, per_host: 0}
        sources:
          - name: A
            role: medai
            endpoints: [feed: 'ftp://a.example/']
        watches:
          - {name: W, query: x, channels: [dsek]}
        channels:
          desk: {url: 'json://localhost'}
        """,
    )
    assert [line for line, *_ in found] == [1, 2, 2, 5, 6, 8]
    assert found[0][2:] == ("unknown key `sorces`", "did you mean `sources`?")
    assert found[3][3] == "did you mean `media`?"
    assert found[5][3] == "did you mean `desk`?"


def test_duplicate_keys_are_told_with_both_lines(tmp_path):
    line, column, message, hint = only(tmp_path, "crawl:\n  delay: 1s\n  delay: 2s\n")
    assert (line, column) == (3, 3)
    assert "`delay`" in message
    assert "line 2" in hint


def test_an_unknown_key_far_from_all_lists_what_is_known(tmp_path):
    assert only(tmp_path, "storage: {zzz: 1}\n")[3] == "known: keep, max_size, path"


def test_merge_keys_and_tags_are_refused_with_a_hint(tmp_path):
    found = faults(tmp_path, "crawl: &c {delay: 1s}\nweb:\n  <<: *c\nstorage: !foo {path: x}\n")
    assert [line for line, *_ in found] == [3]
    found = faults(tmp_path, "web: {password: !secret abc}\n")
    assert "quotes" in found[0][3]


def test_a_key_that_is_a_list_is_refused(tmp_path):
    assert "plain word" in only(tmp_path, "? [a, b]\n: 1\n")[2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("crawl: {obey_robots: maybe}", "`obey_robots` must be true or false, not 'maybe'"),
        ("crawl: {per_host: many}", "`per_host` must be a whole number, not 'many'"),
        ("crawl: {per_host: 2.5}", "`per_host` must be a whole number, not 2.5"),
        ("crawl: {max_size_mb: x}", "`max_size_mb` must be a number, not 'x'"),
        ("crawl: {max_size_mb: 65}", "`max_size_mb` must be at most 64"),
        ("crawl: {interval: 0s}", "`interval` must be more than 0s"),
        ("crawl: {timeout: 61s}", "`timeout` must be at most 1m"),
        ("crawl: {interval: }", "`interval` has no value"),
        ("crawl: 5", "`crawl` must be a group of `key: value` lines, not 5"),
        ("crawl: {user_agent: Привет}", "`user_agent` cannot be 'Привет'"),
        ("web: {listen: '8470'}", "write host:port"),
        ("web: {listen: 'a:99999'}", "65535"),
        ("web: {password: 5}", "`password` must be text, not 5"),
        ("sources: {a: 1}", "`sources` must be a list, not a group of keys"),
        ("sources: [x]", "an item of `sources` must be a group of `key: value` lines, not 'x'"),
        ("sources: [{name: A}]", "`endpoints` is missing"),
        ("sources: [{name: A, endpoints: []}]", "`endpoints` is empty or too short"),
        ("sources: [{name: A, endpoints: [fed: 'http://a.example']}]", "an endpoint has exactly one of"),
        ("sources: [ ~ ]", "an item of `sources` is empty"),
        ("people: [{name: A, forms: {English: [x]}}]", "`forms` cannot be 'English'"),
        ("people: [{name: A, offices: [{title: T, level: leader, from: 2020-13-01}]}]", "`from` must be a date"),
        ("expect: [{name: A, meeting: {}, by: tomorrow}]", "`by` must be a time with its zone"),
        ("expect: [{name: A, meeting: {}, by: 2026-05-27T18:00:00}]", "give the time with its zone"),
        ("watches: [{name: A, query: x, channels: desk}]", "`channels` must be a list, not 'desk'"),
        ("watches: [{name: A}]", "a watch has either `query` or `meeting`"),
        ("watches: [{name: A, meeting: {status: [helt]}}]", "`status` cannot be 'helt'"),
        ("digests: [{name: A, at: 7 o'clock}]", "is not a time of day"),
        ("digests: [{name: A, at: 07:30 Europe/Nowhere}]", "is not a time zone"),
        ("channels: [a]", "`channels` must be a group"),
        ("channels: {a: {url: x, quiet: never}}", "are not quiet hours"),
        ("people: [{name: " + "x" * 121 + "}]", "`name` is too long"),
    ],
)
def test_wrong_values_are_told_in_words_of_the_file(tmp_path, text, words):
    message = only(tmp_path, text + "\n")[2]
    assert words in message
    assert "Input should" not in message


def test_numbers_that_should_be_text_come_with_the_remedy(tmp_path):
    assert only(tmp_path, "web: {password: 1234}\n")[3] == 'put it in quotes: "1234"'


def test_a_misspelt_kind_of_endpoint_is_recognised(tmp_path):
    found = only(tmp_path, "sources: [{name: A, endpoints: [{fed: 'http://a.example'}]}]\n")
    assert found[3] == "did you mean `feed`?"


def test_a_missing_key_is_placed_at_its_item(tmp_path):
    assert only(tmp_path, "sources:\n  - language: en\n    endpoints: [feed: 'http://a.example']\n")[:2] == (2, 5)


def test_an_endpoint_fault_is_placed_at_its_url(tmp_path):
    assert only(tmp_path, "sources:\n  - name: A\n    endpoints:\n      - feed: gopher://a\n")[:2] == (4, 9)


def test_empty_sections_are_as_good_as_none(tmp_path):
    loaded = load(tmp_path, GOOD_SOURCE + "watches:\nchannels:\ngroups:\npeople:\ncrawl:\n")
    assert loaded.config.watches == ()
    assert loaded.config.crawl.interval == timedelta(minutes=5)


def test_names_that_look_like_dates_and_odd_numbers_stay_text(tmp_path):
    loaded = load(tmp_path, "sources:\n  - {name: 2024-01-01, endpoints: [feed: 'http://a.example']}\n")
    assert loaded.config.sources[0].name == "2024-01-01"


# ---------------------------------------------------------------- the environment


def test_references_are_resolved_in_any_string(tmp_path):
    loaded = load(
        tmp_path,
        """
        crawl: {per_host: "${HOSTS}", obey_robots: "${ROBOTS:-false}"}
        sources: [{name: A, endpoints: [feed: "http://a.example/${KEY}?x=$$y"]}]
        """,
        {"HOSTS": "4", "KEY": "tok-123456"},
    )
    assert loaded.config.crawl.per_host == 4
    assert loaded.config.crawl.obey_robots is False
    assert loaded.config.sources[0].endpoints[0].url == "http://a.example/tok-123456?x=$y"
    assert loaded.secrets == {"tok-123456"}


def test_an_unset_variable_is_told_with_name_place_and_remedy(tmp_path):
    line, column, message, hint = only(tmp_path, 'channels:\n  desk: {url: "x://${DESK_URL}/"}\n')
    assert (line, column) == (2, 20)
    assert "DESK_URL" in message
    assert "export DESK_URL=..." in hint


def test_a_set_but_empty_variable_counts_as_unset(tmp_path):
    assert "not set" in only(tmp_path, "channels: {desk: {url: '${X}'}}\n", {"X": ""})[2]


def test_an_unset_variable_is_the_only_fault_told_of_its_value(tmp_path):
    text = "web: {listen: '0.0.0.0:80', password: '${PW}'}\nsources: [{name: A, endpoints: [feed: '${URL}']}]\n"
    assert ["not set" in message for _, _, message, _ in faults(tmp_path, text)] == [True, True]


@pytest.mark.parametrize("wrong", ["${}", "${1a}", "${open", "${a b}"])
def test_malformed_references_are_told(tmp_path, wrong):
    assert "not a reference" in only(tmp_path, f"channels: {{desk: {{url: '{wrong}'}}}}\n")[2]


def test_a_lone_dollar_is_text(tmp_path):
    loaded = load(tmp_path, GOOD_SOURCE + "watches: [{name: W, query: '/a$/ $5'}]\n")
    assert loaded.config.watches[0].query == "/a$/ $5"


def test_promise_36_secret_values_never_stand_in_findings(tmp_path):
    found = faults(
        tmp_path,
        "sources: [{name: A, endpoints: [feed: '${URL}']}]\nweb: {listen: '${LISTEN}'}\n",
        {"URL": "hunter2-hunter2", "LISTEN": "not-a-listen"},
    )
    assert not any("hunter2" in message + hint for *_, message, hint in found)


def test_home_folders_are_no_secrets_but_passwords_and_channels_are(tmp_path):
    loaded = load(
        tmp_path,
        """
        storage: {path: "${HOME}/x.db"}
        web: {password: hunter22}
        channels: {desk: {url: "mailto://me:pass%20word@mail.example?to=x"}}
        """,
        {"HOME": "/home/desk"},
    )
    assert "/home/desk" not in loaded.secrets
    assert {"hunter22", "pass%20word", "pass word"} <= loaded.secrets


# ---------------------------------------------------------------- across the fields


def test_names_that_are_there_twice_are_told_in_every_section(tmp_path):
    found = faults(
        tmp_path,
        """\
        sources:
          - {name: A, endpoints: [feed: 'http://a.example']}
          - {name: a, endpoints: [feed: 'http://b.example']}
        watches: [{name: W, query: x}, {name: W, query: y}]
        digests: [{name: D, at: '07:00'}, {name: D, at: '08:00'}]
        people: [{name: P}, {name: P}]
        """,
    )
    assert [line for line, *_ in found] == [3, 4, 5, 6]
    assert all("twice" in message for _, _, message, _ in found)


def test_unknown_channels_are_told_everywhere(tmp_path):
    found = faults(
        tmp_path,
        """\
        watches: [{name: W, query: x, channels: [a]}]
        expect: [{name: E, meeting: {}, by: 2026-05-27T18:00:00Z, channels: [b]}]
        digests: [{name: D, at: '07:00', channels: [c]}]
        channels: {desk: {url: 'json://x', fallback: dsk}}
        """,
    )
    assert [line for line, *_ in found] == [1, 2, 3, 4]
    assert found[3][3] == "did you mean `desk`?"


def test_a_faulty_channel_is_not_also_told_as_unknown(tmp_path):
    text = "watches: [{name: W, query: x, channels: [desk]}]\nchannels: {desk: {url: 5}}\n"
    assert "must be text" in only(tmp_path, text)[2]


def test_fallbacks_in_a_circle_are_told_once(tmp_path):
    text = "channels:\n  a: {url: x, fallback: b}\n  b: {url: x, fallback: c}\n  c: {url: x, fallback: b}\n"
    assert "b -> c -> b" in only(tmp_path, text)[2]
    assert "a -> a" in only(tmp_path, "channels: {a: {url: x, fallback: a}}\n")[2]


@pytest.mark.parametrize("listen", ["0.0.0.0:80", "192.168.1.2:80", "[::]:80", "desk.example:80"])
def test_listening_wider_needs_a_password(tmp_path, listen):
    assert "open to everyone" in only(tmp_path, f"web: {{listen: '{listen}'}}\n")[2]
    assert load(tmp_path, f"web: {{listen: '{listen}', password: hunter22}}\n").config.web.listen == listen


@pytest.mark.parametrize("listen", ["127.0.0.1:80", "localhost:80", "[::1]:80", "127.9.9.9:1"])
def test_listening_on_this_machine_needs_none(tmp_path, listen):
    load(tmp_path, f"web: {{listen: '{listen}'}}\n")
    assert load(tmp_path, "web: {listen: off}\n").config.web.listen == "off"


def test_no_sources_an_impatient_one_and_a_shared_address_are_warned_of(tmp_path):
    assert "no sources" in load(tmp_path, "crawl: {}\n").warnings[0].message
    warnings = load(
        tmp_path,
        """\
        sources:
          - {name: A, interval: 5s, endpoints: [feed: 'http://a.example']}
          - {name: B, endpoints: [feed: 'http://a.example']}
        groups: {g: [x, x]}
        """,
    ).warnings
    assert [(one.line, one.warning) for one in warnings] == [(2, True), (3, True), (4, True)]
    assert "1m" in warnings[0].message


def test_checks_from_above_are_placed_by_offset(tmp_path):
    def complain(config):
        for index, watch in enumerate(config.watches):
            yield Problem(("watches", index, "query"), "bad word", "drop it", offset=watch.query.index("BAD"))

    found = faults(
        tmp_path,
        """\
        watches:
          - {name: faulty}
          - {name: plain, query: a BAD}
          - {name: single, query: 'it''s BAD'}
          - {name: double, query: "\\"x\\" \\u0041 BAD"}
          - name: block
            query: |
              x
              BAD
        """,
        checks=[complain],
    )
    assert [found[0][2]] == ["a watch has either `query` or `meeting` (or a `score`)"]
    assert [(line, column) for line, column, *_ in found[1:]] == [(3, 28), (4, 34), (5, 41), (7, 12)]


# ---------------------------------------------------------------- includes and the catalogue


def test_included_files_are_read_and_watched(tmp_path):
    write(tmp_path, "name,url\nB,http://b.example/rss\n", "more.csv")
    loaded = load(tmp_path, GOOD_SOURCE + "  - include: more.csv\n")
    assert [source.name for source in loaded.config.sources] == ["A", "B"]
    assert [path.name for path in loaded.files] == ["envoywatch.yaml", "more.csv"]


def test_a_missing_include_is_told_where_it_is_named(tmp_path):
    line, column, message, _ = only(tmp_path, GOOD_SOURCE + "  - include: none.csv\n")
    assert (line, column) == (4, 14)
    assert "none.csv does not exist" in message


def test_a_faulty_include_names_that_file_and_its_line(tmp_path):
    write(
        tmp_path, "name,url,role\nB,http://b.example/rss,media\nC,gopher://c,media\nA,http://x.example,media\n", "m.csv"
    )
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, GOOD_SOURCE + "  - include: m.csv\n")
    assert [(one.file.name, one.line) for one in caught.value.findings] == [("m.csv", 3), ("m.csv", 4)]


def test_an_unreadable_include_names_that_file(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ConfigError, match=r"folder\.csv.*folder"):
        load(tmp_path, GOOD_SOURCE + "  - include: folder.csv\n")


def test_what_the_operator_writes_stands_before_what_is_built_in(tmp_path):
    loaded = load(
        tmp_path,
        """
        sources:
          - catalogue: [by, by]
          - catalogue: [role:official]
          - {name: BelTA, endpoints: [feed: 'http://mine.example/rss']}
        """,
    )
    mine = [source for source in loaded.config.sources if source.name == "BelTA"]
    assert [source.endpoints[0].url for source in mine] == ["http://mine.example/rss"]


def test_an_unknown_choice_of_the_catalogue_is_placed(tmp_path):
    found = only(tmp_path, "sources:\n  - catalogue: [ru, lng:ru]\n")
    assert found[:2] == (2, 21)
    assert "lang:ru" in found[3]


def test_problems_of_chosen_and_included_sources_are_placed_where_they_come_from(tmp_path):
    def complain(config):
        return [Problem(("sources", index, "name"), source.name) for index, source in enumerate(config.sources)]

    write(tmp_path, "name,url\n\nB,http://b.example/rss\n", "m.csv")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, GOOD_SOURCE + "  - include: m.csv\n  - catalogue: [by]\n", checks=[complain])
    assert {(one.file.name, one.line) for one in caught.value.findings} == {
        ("envoywatch.yaml", 2),
        ("envoywatch.yaml", 5),
        ("m.csv", 3),
    }


# ---------------------------------------------------------------- leniency


def test_promise_35_one_wrong_source_only_disables_that_source_when_lenient(tmp_path):
    write(tmp_path, "name,url\nB,http://b.example/rss\nC,gopher://c\n", "m.csv")

    def complain(config):
        return [
            Problem(("sources", index), "unloved")
            for index, source in enumerate(config.sources)
            if source.name == "unloved"
        ]

    loaded = load(
        tmp_path,
        """\
        sources:
          - {name: A, endpoints: [feed: 'http://a.example']}
          - {name: A, endpoints: [feed: 'http://twice.example']}
          - {name: secret, endpoints: [feed: 'http://${NONE}.example']}
          - {name: faulty, endpoints: []}
          - {name: unloved, endpoints: [feed: 'http://u.example']}
          - include: m.csv
          - catalogue: [nowhere]
        """,
        lenient_sources=True,
        checks=[complain],
    )
    assert [source.name for source in loaded.config.sources] == ["A", "B"]
    assert [one.line for one in loaded.dropped if one.file.name == "envoywatch.yaml"] == [3, 4, 5, 6, 8]
    assert [one.line for one in loaded.dropped if one.file.name == "m.csv"] == [3]


@pytest.mark.parametrize("content", [None, "<opml><body>", 'name,url\nA,"https://a.example\n', "nam,url\n", b"\xff"])
def test_promise_35_a_list_that_cannot_be_read_at_all_is_no_reason_to_drop_its_sources(tmp_path, content):
    if content is not None:
        (tmp_path / "list.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    text = "sources: [{name: B, endpoints: [feed: 'https://b.example']}, {include: list.csv}]\n"
    assert faults(tmp_path, text, lenient_sources=True)


def test_leniency_does_not_reach_beyond_sources(tmp_path):
    text = "sources: [{name: A, endpoints: []}]\nwatches: [{name: W}]\n"
    assert [line for line, *_ in faults(tmp_path, text, lenient_sources=True)] == [2]


def test_findings_read_as_one_line_each(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "a: 1\nb: 2\n")
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[0].rsplit("/", 1)[1] for line in lines] == ["envoywatch.yaml:1:1", "envoywatch.yaml:2:1"]


# ---------------------------------------------------------------- without the means to send

SENDING = """\
web: {listen: "0.0.0.0:8470", password: "${PAGE}"}
channels: {desk: {url: "${DESK_URL}", quiet: "${QUIET}"}, phone: {url: "json://h/", fallback: desk}}
watches: [{name: W, query: grain, channels: [desk]}]
"""


def test_reading_needs_no_variable_of_what_is_sent_or_served(tmp_path):
    config = load(tmp_path, SENDING, checks=all_checks(), only_to_read=True).config
    assert list(config.channels) == ["desk", "phone"]
    assert config.watches[0].channels == ("desk",)


def test_a_channel_without_its_variable_cannot_be_sent_to(tmp_path):
    text = 'channels: {desk: {url: "json://127.0.0.1:1/${KEY}"}}\n'
    url = load(tmp_path, text, checks=all_checks(), only_to_read=True).config.channels["desk"].url
    assert "127.0.0.1" not in url
    assert check_url(url) is not None


def test_sending_needs_every_variable_of_the_channels_and_tells_each_once(tmp_path):
    said = [message for _, _, message, _ in faults(tmp_path, SENDING, checks=all_checks())]
    assert said == [f"the environment variable {name} is not set" for name in ("PAGE", "DESK_URL", "QUIET")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("crawl: {user_agent: '${AGENT}'}\n", "AGENT is not set"),
        ("channels: {desk: {url: '${not a name}'}}\n", "not a reference"),
        ("channels: {desk: {url: 'json://${HOST', quiet: 5}}\n", "not a reference"),
    ],
)
def test_reading_forgives_nothing_else(tmp_path, text, said):
    assert said in only(tmp_path, text, checks=all_checks(), only_to_read=True)[2]


def test_a_faulty_channel_is_told_only_for_its_own_fault(tmp_path):
    text = "channels: {desk: {url: 'json://127.0.0.1/', quiet: sometimes}}\n"
    assert "quiet hours" in only(tmp_path, text, checks=all_checks())[2]


# ---------------------------------------------------------------- hints and warnings


def warnings_of(tmp_path, text):
    return [
        (one.line, one.message, one.hint) for one in load(tmp_path, text).warnings if "no sources" not in one.message
    ]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("crawl: {allow_private: true}\n", "did you mean `private_addresses`?"),
        ("min_interval: 5m\n", "`min_interval` belongs under `crawl`"),
        ("crawl: {sources: []}\n", "`sources:` stands at the beginning of a line"),
        ("watches: [{name: A, query: b, level: leader}]\n", "`level` belongs under `watches.meeting`"),
        ("sources: [{name: A, per_host: 1, endpoints: [feed: 'http://a.example/']}]\n", "belongs under `crawl`"),
        ("web: {name: x}\n", "known: listen, password"),
    ],
)
def test_an_unknown_key_is_told_with_where_it_belongs(tmp_path, text, hint):
    assert hint in only(tmp_path, text)[3]


def test_a_bare_number_is_read_as_seconds_with_a_warning(tmp_path):
    text = GOOD_SOURCE.replace("A\n", "A\n    interval: 600\n") + 'crawl: {interval: 90, delay: 0, timeout: "10s"}\n'
    told = warnings_of(tmp_path, text)
    assert told == [(3, "600 is read as 600 s", "write 600s"), (5, "90 is read as 90 s", "write 90s")]


def test_a_bare_number_that_is_an_interval_of_minutes_to_most_people_is_offered_as_such(tmp_path):
    told = warnings_of(tmp_path, "crawl: {interval: 5, delay: 5, max_interval: 1.5}\n")
    assert [hint for *_, hint in told] == [
        "write 5m for minutes, 5s for seconds",
        "write 5s",
        "write 1.5m for minutes, 1.5s for seconds",
    ]


def test_a_database_in_a_missing_folder_is_warned_of(tmp_path):
    ((line, message, hint),) = warnings_of(tmp_path, "web: {listen: off}\nstorage: {path: none/x.db}\n")
    assert (line, "missing" in message) == (2, True)
    assert f"mkdir -p {tmp_path / 'none'}" in hint


def test_a_proxy_whose_variable_is_not_set_is_told_before_a_poll_fails(tmp_path):
    text = """\
        crawl: {proxy: HOUSE_PROXY}
        sources:
          - {name: A, endpoints: [{feed: "https://a.example/rss"}], proxy: KYIV_PROXY}
          - {name: B, endpoints: [{feed: "https://b.example/rss"}], proxy: direct}
        """
    told = load(tmp_path, text).warnings
    assert [(one.line, "PROXY is" in one.message or "KYIV_PROXY" in one.message) for one in told] == [
        (1, True),
        (3, True),
    ]
    assert not load(tmp_path, text, {"HOUSE_PROXY": "http://p:1", "KYIV_PROXY": "http://p:2"}).warnings


def test_a_proxy_is_named_by_its_variable_never_by_its_address(tmp_path):
    text = "sources: [{name: A, endpoints: [{feed: 'https://a.example/rss'}], proxy: 'http://me:word@p:1'}]\n"
    (line, _, message, _), *_ = faults(tmp_path, text)
    assert (line, "environment variable" in message, "word" in message) == (1, True, False)


def test_the_folder_of_spiders_starts_at_the_configuration_and_must_be_there(tmp_path):
    (tmp_path / "spiders").mkdir()
    assert load(tmp_path, "crawl: {spiders: spiders}\n").config.crawl.spiders == tmp_path / "spiders"
    assert "there is no folder" in only(tmp_path, "crawl: {spiders: none}\n")[2]
