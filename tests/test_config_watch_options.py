"""The options of watches as written: what is read, what is refused and how, what is warned of."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.load import load_config
from config.model import Watch
from config.vocabulary import Role
from config.watch_options import Budget, Only, refused_for
from envoywatch.checks import all_checks
from envoywatch.watch_words import options_in_words
from tests.watch_desk import FILE, load, refusal

DOCS = Path(__file__).parents[1] / "docs"


def warnings(tmp_path, watch):
    return [(one.line, one.column, one.message, one.hint) for one in load(tmp_path, watch).warnings]


NOW = "query: a\nsend: now\nchannels: [desk]\n"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("at_most: three", "'three' is not a number of messages in a time; write it as 3/h or 10/d"),
        ("at_most: 3/0", "'3/0' is not a number of messages in a time; write it as 3/h or 10/d"),
        ("at_most: 3/fortnight", "'3/fortnight' is not a number of messages in a time; write it as 3/h or 10/d"),
        ("at_most: 0/h", "nothing would ever be sent; write `send: digest`, or `mute` until some time"),
        ("at_most: 1/1s", "the time is a minute at least and 31 days at most, as in 3/h or 10/d"),
        ("at_most: 1001/h", "`count` must be at most 1000"),
        ('quiet: "23:00-07:00 Europe/Pariss"', "'Europe/Pariss' is not a time zone; did you mean Europe/Paris?"),
        ("quiet: at night", "'at night' are not quiet hours; write them as 23:00-07:00 Europe/Paris"),
        ("mute: tomorrow", "'tomorrow' is not a time; write it as 2026-05-27T18:00+03:00, or as"),
        ("mute: 2040-05-27T18:00", "the time has no zone; write it as 2026-05-27T18:00+03:00, or as"),
        ("mute: 2040-05-27 18:00 Mars/Base", "'Mars/Base' is not a time zone"),
        ("mute: 2040-02-30 UTC", "'2040-02-30 UTC' is not a time"),
        ("urgency: urgent", "`urgency` cannot be 'urgent'; it is one of normal, high"),
        ("min_sources: 0", "`min_sources` must be at least 1"),
        ("min_sources: many", "`min_sources` must be a whole number, not 'many'"),
        ("only: {}", "`only` asks for nothing; write for instance `only: {roles: [official]}`"),
        ("only: {roles: [offical]}", "did you mean `official`?"),
        ("only: {role: official}", "unknown key `role` did you mean `roles`?"),
        (
            "only: {countries: [Russia]}",
            "`countries` cannot be 'Russia' codes of two capital letters such as [CN, UA, EU]",
        ),
        ("only: {languages: english}", "`languages` cannot be 'english' two-letter codes such as [en, ru, zh]"),
        ("atmost: 3/h", "unknown key `atmost` did you mean `at_most`?"),
    ],
)
def test_a_wrong_option_is_told_in_its_line_with_how_to_write_it(tmp_path, written, message):
    line, _, said = refusal(tmp_path, NOW + written)
    assert line == 10
    assert message in said


@pytest.mark.parametrize(
    ("written", "line", "message"),
    [
        ("query: a\nat_most: 3/h", 8, "`at_most` does nothing while `send` is digest"),
        ("query: a\nsend: now\nquiet: 23:00-07:00", 9, "`quiet` does nothing while the watch names no channel"),
        ("query: a\nmin_sources: 2", 8, "`min_sources` does nothing while `send` is digest"),
        ("query: a\nmute: 2020-05-27 Europe/Kyiv", 8, "the mute of 'W' ended on 2020-05-26 21:00 UTC"),
        ("query: a\nonly: {sources: [TAS]}", 8, "no source is called 'TAS'"),
        ("query: a\nonly: {roles: official}", 8, "no source is as `only` asks for"),
        ("query: a lang:ru\nonly: {languages: uk}", 8, "the query asks for lang:ru, which `only` leaves out"),
    ],
)
def test_what_can_have_no_effect_is_warned_of(tmp_path, written, line, message):
    assert [one[0] for one in warnings(tmp_path, written) if message in one[2]] == [line]


def test_a_query_that_asks_for_what_only_admits_is_no_contradiction(tmp_path):
    found = warnings(tmp_path, "query: a role:state-media\nonly: {roles: [media, state-media]}")
    assert not [one for one in found if "only" in one[2]]


def test_options_are_read_and_said_in_words(tmp_path):
    watch = load(
        tmp_path,
        NOW + "only: {roles: state-media, languages: [ru, uk]}\nmin_sources: 2\nurgency: high\n"
        'quiet: "23:00-07:00 Europe/Paris"\nat_most: 1/h\nmute: 2040-06-01 18:00 Europe/Kyiv',
    ).config.watches[0]
    assert options_in_words(watch) == (
        "muted until 2040-06-01 15:00 UTC",
        "only with the role state-media, in the language ru or uk",
        "alerts once 2 independent sources report it",
        "urgency high",
        "quiet 23:00-07:00 Europe/Paris",
        "at most 1 message in 1h",
    )
    assert options_in_words(Watch(name="W", query="a")) == ()


@given(st.integers(1, 1000), st.sampled_from(["m", "h", "d", "15m", "2h", "31d"]))
def test_a_budget_is_written_as_it_is_read(count, per):
    assert str(Budget.model_validate(f"{count} / {per}")) == f"{count}/{per}"
    assert Budget.model_validate(f"{count}/{per}").model_dump() == f"{count}/{per}"


def test_a_region_counts_as_its_language():
    only = Only(languages=("zh",))
    assert refused_for(only, "Wire", Role.MEDIA, None, "zh-Hant") is None
    assert refused_for(only, "Wire", Role.MEDIA, None, None) == "only in zh, not in an unknown language"


def test_the_examples_of_the_guide_are_good(tmp_path):
    text = (DOCS / "watches.md").read_text(encoding="utf-8")
    head = (
        FILE[: FILE.index("watches:")]
        .replace("{{", "{")
        .replace("}}", "}")
        .replace("TASS, role: state-media", "TASS, role: official")
    )
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)):
        path = tmp_path / f"{number}.yaml"
        path.write_text(head + block, encoding="utf-8")
        assert not load_config(path, environ={}, checks=all_checks()).warnings
