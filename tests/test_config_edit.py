import difflib
import stat
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from config.edit import add_item, find_item, remove_item, replace_item, write_atomic
from config.errors import UsageError
from config.init import STARTER
from config.vocabulary import Send
from config.yaml_tree import parse_yaml

FILE = """\
# at the top

sources:
    - name: A   # four spaces
      endpoints: [{feed: 'http://a.example'}]

    # about B
    - name: "B"
      endpoints:
        - feed:   http://b.example
      # inner comment
      language: uk
    - include: more.csv
watches: [{name: W, query: x}, {name: V, query: 'y, z'}]   # in brackets
channels:
  desk:  {url: "${DESK}", quiet: "23:00-07:00"}   # odd spacing stays
  phone:
    url: x
people: []
digests:   # nothing yet

crawl: {delay: 1s}
"""


def change(before, after):
    """The lines taken away and the lines put in."""
    diff = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    return [line[2:] for line in diff if line[0] == "-"], [line[2:] for line in diff if line[0] == "+"]


# ---------------------------------------------------------------- add


def test_an_item_is_added_at_the_columns_of_its_neighbours():
    after = add_item(FILE, "sources", {"name": "C", "endpoints": [{"feed": "http://c.example"}]})
    assert change(FILE, after) == (
        [],
        ["    - name: C", "      endpoints:", "        - feed: http://c.example"],
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "watches:\n  - name: N\n    query: x\n"),
        ("# c", "# c\n\nwatches:\n  - name: N\n    query: x\n"),
        ("web: {}\n", "web: {}\n\nwatches:\n  - name: N\n    query: x\n"),
        ("watches:\n", "watches:\n  - name: N\n    query: x\n"),
        ("watches:", "watches:\n  - name: N\n    query: x\n"),
        ("watches: # c\nweb: {}\n", "watches: # c\n  - name: N\n    query: x\nweb: {}\n"),
        ("watches: ~\n", "watches:\n  - name: N\n    query: x\n"),
        ("watches: []  # c\nweb: {}\n", "watches:  # c\n  - name: N\n    query: x\nweb: {}\n"),
        ("watches: [\n]\n", "watches:\n  - name: N\n    query: x\n"),
        ("watches:\n- name: O\n  query: y\n", "watches:\n- name: O\n  query: y\n- name: N\n  query: x\n"),
        ("watches: [{name: O, query: y}] # c", "watches: [{name: O, query: y}, {name: N, query: x}] # c"),
        ("watches:\r\n- name: O\r\n", "watches:\r\n- name: O\r\n- name: N\r\n  query: x\r\n"),
        ("\ufeffweb: {}\n", "\ufeffweb: {}\n\nwatches:\n  - name: N\n    query: x\n"),
    ],
)
def test_a_section_may_be_missing_empty_or_in_brackets(before, after):
    assert add_item(before, "watches", {"name": "N", "query": "x"}) == after


def test_comments_inside_the_last_item_stay_with_it():
    text = "watches:\n  - name: O\n    query: y\n    # send: now\n\n# next\nweb: {}\n"
    after = add_item(text, "watches", {"name": "N", "query": "x"})
    assert after == text.replace("now\n", "now\n  - name: N\n    query: x\n")
    assert remove_item(after, "watches", "O") == "watches:\n  - name: N\n    query: x\n\n# next\nweb: {}\n"


def test_channels_are_added_and_changed_by_name():
    after = add_item(FILE, "channels", {"name": "pager", "url": "json://${X}/", "fallback": "desk"})
    assert change(FILE, after) == ([], ["  pager: {url: 'json://${X}/', fallback: desk}"])
    assert add_item("channels: {a: {url: x}}\n", "channels", {"name": "b", "url": "y"}) == (
        "channels: {a: {url: x}, b: {url: y}}\n"
    )
    assert change(FILE, replace_item(FILE, "channels", "phone", {"name": "phone", "url": "y"})) == (
        ["    url: x"],
        ["    url: y"],
    )
    assert "  mobile:\n    url: x\n" in replace_item(FILE, "channels", "phone", {"name": "mobile", "url": "x"})


def test_values_of_our_own_types_are_written_as_the_file_says_them():
    item = {"name": "N", "interval": timedelta(minutes=90), "from": date(2026, 5, 1), "send": Send.NOW, "at": Path("x")}
    assert find_item(add_item("", "sources", item), "sources", "N") == {
        "name": "N",
        "interval": "1h30m",
        "from": "2026-05-01",
        "send": "now",
        "at": "x",
    }


def test_an_include_needs_no_name():
    assert add_item("", "sources", {"include": Path("more.csv")}) == "sources:\n  - include: more.csv\n"


def test_a_name_is_not_added_twice():
    with pytest.raises(UsageError, match="already"):
        add_item(FILE, "watches", {"name": "V", "query": "x"})


# ---------------------------------------------------------------- remove


@pytest.mark.parametrize(
    ("section", "name", "gone"),
    [
        ("sources", "A", ["    - name: A   # four spaces", "      endpoints: [{feed: 'http://a.example'}]"]),
        ("channels", "phone", ["  phone:", "    url: x"]),
        ("channels", "desk", ['  desk:  {url: "${DESK}", quiet: "23:00-07:00"}   # odd spacing stays']),
    ],
)
def test_only_the_lines_of_the_item_go(section, name, gone):
    assert change(FILE, remove_item(FILE, section, name)) == (gone, [])


def test_items_in_brackets_go_with_one_comma():
    assert "watches: [{name: V, query: 'y, z'}]   # in" in remove_item(FILE, "watches", "W")
    both = remove_item(remove_item(FILE, "watches", "V"), "watches", "W")
    assert "watches: []   # in brackets" in both


def test_the_last_item_leaves_an_empty_section():
    assert remove_item("watches:\n  - name: W\n    query: x\nweb: {}\n", "watches", "W") == "watches:\nweb: {}\n"


def test_an_item_that_is_not_there_is_told_with_the_nearest_name():
    with pytest.raises(UsageError) as caught:
        remove_item(FILE, "channels", "dsk")
    assert caught.value.hint == "did you mean `desk`?"
    with pytest.raises(UsageError) as caught:
        remove_item("sources: []\n", "sources", "TASS")
    assert "catalogue" in caught.value.hint


# ---------------------------------------------------------------- replace


def test_only_what_differs_is_exchanged_and_comments_stay():
    after = replace_item(
        FILE,
        "sources",
        "B",
        {"name": "B", "endpoints": [{"feed": "http://b.example"}], "language": "ru", "role": "media"},
    )
    assert change(FILE, after) == (["      language: uk"], ["      language: ru", "      role: media"])


def test_a_block_becomes_a_line_and_a_line_a_block():
    text = "watches:\n  - name: W\n    meeting:\n      guest: A\n    channels: [a]\n    send: now # c\n"
    after = replace_item(text, "watches", "W", {"name": "W", "meeting": {"guest": "B"}, "channels": ["a", "b"]})
    assert after == "watches:\n  - name: W\n    meeting: {guest: B}\n    channels: [a, b]\n"
    item = {"name": "S", "endpoints": [{"feed": "http://x.example"}]}
    text = "sources:\n  - name: S\n    endpoints: [{feed: 'http://a.example'}] # c\n"
    assert replace_item(text, "sources", "S", item) == (
        "sources:\n  - name: S\n    endpoints:\n      - feed: http://x.example # c\n"
    )


def test_a_value_that_was_empty_and_one_over_many_lines_are_exchanged():
    text = "watches:\n  - name: W\n    send:\n    query: |\n      a\n      b\n\nweb: {}\n"
    after = replace_item(text, "watches", "W", {"name": "W", "send": "now", "query": "c"})
    assert after == "watches:\n  - name: W\n    send: now\n    query: c\n\nweb: {}\n"


def test_the_first_key_may_go_and_the_name_may_change():
    text = "watches:\n  - send: now\n    name: W\n    query: x\n"
    assert replace_item(text, "watches", "W", {"name": "V", "query": "x"}) == "watches:\n  - name: V\n    query: x\n"


def test_items_in_brackets_are_exchanged_in_place():
    after = replace_item(FILE, "watches", "V", {"name": "V", "query": "z", "channels": ["desk"]})
    assert "{name: V, query: z, channels: [desk]}]   # in brackets" in after
    assert "{name: W, send: now}" in replace_item(FILE, "watches", "W", {"name": "W", "send": "now"})


def test_references_to_the_environment_survive():
    assert find_item(FILE, "channels", "desk")["url"] == "${DESK}"
    after = replace_item(FILE, "channels", "desk", {**find_item(FILE, "channels", "desk"), "fallback": "phone"})
    assert '  desk:  {url: "${DESK}", quiet: "23:00-07:00", fallback: phone}   # odd' in after


# ---------------------------------------------------------------- what cannot be done


@pytest.mark.parametrize(
    "text",
    [
        "{watches: [{name: W, query: x}]}\n",
        "watches: &w [{name: W, query: x}]\ndigests: *w\n",
        "x: &i {name: W, query: x}\nwatches:\n  - *i\n",
    ],
)
def test_a_layout_that_cannot_be_edited_safely_is_refused_and_told(text):
    section = "digests" if "digests" in text else "watches"
    with pytest.raises(UsageError, match="cannot be changed by program"):
        remove_item(text, section, "W")


def test_sections_without_named_items_are_refused():
    with pytest.raises(UsageError, match="cannot be changed by program"):
        add_item(FILE, "crawl", {"delay": "1s"})


# ---------------------------------------------------------------- laws

_text = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufeff\u2028\u2029"), max_size=12
)
_scalar = (
    _text | st.booleans() | st.integers(-999, 999) | st.sampled_from(["off", "null", "~", "a: b", "- x", "@x", "#"])
)
_item = st.dictionaries(st.sampled_from(["query", "send", "x"]), _scalar | st.lists(_scalar, max_size=3), max_size=3)
_files = st.sampled_from([FILE, STARTER.read_text(encoding="utf-8"), "", "# c\n", "watches: []\nweb: {}\n"])


@settings(max_examples=25, deadline=None)
@given(_files, _item)
def test_add_then_remove_gives_the_items_back_and_touches_nothing_else(text, item):
    item = {"name": "new one", **item}
    added = add_item(text, "watches", item)
    assert find_item(added, "watches", "new one") == item
    kept = [line for line in text.splitlines() if line.lstrip().startswith("#") or "odd spacing" in line]
    assert [line for line in added.splitlines() if line in kept] == kept
    removed = remove_item(added, "watches", "new one")
    before, after = parse_yaml(text).data or {}, parse_yaml(removed).data or {}
    assert {key: value for key, value in after.items() if value} == {
        key: value for key, value in before.items() if value
    }


@settings(max_examples=25, deadline=None)
@given(_item, _item)
def test_replacing_gives_exactly_the_wanted_item(first, second):
    assume(first)
    text = add_item(FILE, "digests", {"name": "N", **first})
    after = replace_item(text, "digests", "N", {"name": "N", **second})
    assert find_item(after, "digests", "N") == {"name": "N", **second}
    assert replace_item(text, "digests", "N", {"name": "N", **first}) == text


# ---------------------------------------------------------------- writing


def test_a_file_is_written_whole_and_keeps_its_mode_and_link(tmp_path):
    path, link = tmp_path / "a.yaml", tmp_path / "link.yaml"
    write_atomic(path, "один\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    link.symlink_to(path)
    write_atomic(link, "два\n")
    assert link.is_symlink()
    assert path.read_text(encoding="utf-8") == "два\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [one.name for one in sorted(tmp_path.iterdir())] == ["a.yaml", "link.yaml"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.yaml"
    write_atomic(path, "old\n")
    with pytest.raises(UnicodeEncodeError):
        write_atomic(path, "\ud800")
    assert path.read_text(encoding="utf-8") == "old\n"
    assert list(tmp_path.iterdir()) == [path]
