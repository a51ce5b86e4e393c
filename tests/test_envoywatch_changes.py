import pytest

from config.edit import add_item, replace_item
from config.errors import ConfigError, EnvoywatchError, UsageError
from envoywatch.changes import ChangedMeanwhileError, draft, save, written_item

FILE = """\
sources:
  - name: Good      # kept
    endpoints: [{feed: "https://good.example/feed"}]
  - {name: Bad, country: Ruritania, endpoints: [{feed: "https://bad.example/feed"}]}
watches:
  - {name: W, query: peace}   # kept
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "envoywatch.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


def with_query(query):
    return lambda text: replace_item(text, "watches", "W", {"name": "W", "query": query})


def test_a_change_is_drafted_shown_and_saved_in_its_line(file):
    one = draft(file, {}, with_query("peace OR war"))
    assert file.read_text(encoding="utf-8") == FILE
    changed = [line for line in one.difference.splitlines() if line[:1] in "+-" and line[:3] not in {"+++", "---"}]
    assert changed == ["-  - {name: W, query: peace}   # kept", "+  - {name: W, query: peace OR war}   # kept"]
    save(one, one.version)
    assert written_item(file, "watches", "W")[0]["query"] == "peace OR war"


def test_what_was_wrong_with_a_source_before_hinders_no_other_change_but_a_new_fault_does(file):
    draft(file, {}, with_query("war"))
    wrong = {"name": "New", "language": "English", "endpoints": [{"feed": "https://new.example/feed"}]}
    with pytest.raises(ConfigError, match="language"):
        draft(file, {}, lambda text: add_item(text, "sources", wrong))
    with pytest.raises(ConfigError, match=r"envoywatch\.yaml:6:"):
        draft(file, {}, with_query("(peace"))


def test_a_file_that_is_no_yaml_is_refused_with_its_place(file):
    file.write_text("watches: [", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"envoywatch\.yaml:1:"):
        draft(file, {}, with_query("war"))
    with pytest.raises(ConfigError, match=r"envoywatch\.yaml:1:"):
        written_item(file, "watches", "W")


def test_a_watch_that_is_not_in_the_file_cannot_be_changed(file):
    with pytest.raises(UsageError, match="no 'V'"):
        written_item(file, "watches", "V")


def test_nothing_is_written_over_what_somebody_else_wrote(file):
    one = draft(file, {}, with_query("war"))
    with pytest.raises(ChangedMeanwhileError):
        save(one, "another")
    theirs = FILE + "# theirs\n"
    file.write_text(theirs, encoding="utf-8")
    with pytest.raises(ChangedMeanwhileError):
        save(one, one.version)
    assert file.read_text(encoding="utf-8") == theirs


def test_a_file_that_cannot_be_written_is_told(file, monkeypatch):
    def refuse(path, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("envoywatch.changes.write_atomic", refuse)
    one = draft(file, {}, with_query("war"))
    with pytest.raises(EnvoywatchError, match="No space left"):
        save(one, one.version)
