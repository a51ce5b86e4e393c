import json
import os
import stat

import pytest

from config.errors import EnvoywatchError, UsageError
from config.init import write_starter
from config.load import load_config
from config.messages import known_keys
from config.model import RawConfig
from config.schema import build_schema
from envoywatch.checks import all_checks


def test_the_starter_works_as_it_is(tmp_path):
    path, schema, datasette = write_starter(tmp_path / "new" / "folder")
    loaded = load_config(path, environ={}, checks=all_checks())
    assert loaded.warnings == ()
    assert len(loaded.config.sources) > 50
    assert {watch.send.value for watch in loaded.config.watches} == {"now", "digest"}
    assert loaded.config.digests
    assert json.loads(schema.read_text(encoding="utf-8")) == build_schema()
    assert "alerts_with_evidence" in datasette.read_text(encoding="utf-8")


def test_what_the_starter_shows_in_comments_works_too(tmp_path):
    """Uncommented, the examples must be good configuration: they are the first thing that people try."""
    path, *_ = write_starter(tmp_path)
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    lines = [first]
    for line in rest:
        bare = line.lstrip()
        example = bare.startswith("# ") and (
            bare[2:].lstrip().startswith(("- ", "}")) or ": " in bare or bare.endswith(":")
        )
        sentence = example and bare[2:3].isupper()
        lines.append(line.replace("# ", "", 1) if example and not sentence and "include" not in bare else line)
    path.write_text("\n".join(lines), encoding="utf-8")
    names = ("ENVOYWATCH_PASSWORD", "MAIL_USER", "MAIL_PASSWORD", "TELEGRAM_TOKEN", "TELEGRAM_CHAT", "MACHINE_SECRET")
    config = load_config(path, environ=dict.fromkeys(names, "secret-value")).config
    assert set(config.channels) == {"desk", "phone", "machine"}
    assert len(config.watches) == 5
    assert config.watches[2].channels == ("desk",)
    assert config.expect
    assert len(next(source for source in config.sources if "Exampleland" in source.name).endpoints) == 3


def test_promise_38_files_are_for_the_owner_alone(tmp_path):
    old = os.umask(0)
    try:
        written = write_starter(tmp_path / "new")
    finally:
        os.umask(old)
    assert [stat.S_IMODE(path.stat().st_mode) for path in written] == [0o600] * 3
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_datasettes_file_is_the_operators_own_once_it_is_there(tmp_path):
    (tmp_path / "datasette.yaml").write_text("mine")
    assert (tmp_path / "envoywatch.yaml") in write_starter(tmp_path)
    assert (tmp_path / "datasette.yaml").read_text() == "mine"


def test_nothing_is_overwritten_not_even_a_dangling_link(tmp_path):
    path = tmp_path / "envoywatch.yaml"
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="is there already"):
        write_starter(tmp_path)
    assert not (tmp_path / "nowhere").exists()
    assert not (tmp_path / "envoywatch.schema.json").exists()


def test_a_folder_that_cannot_be_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="in the way"):
        write_starter(tmp_path / "file")
    with pytest.raises(EnvoywatchError, match="Not a directory"):
        write_starter(tmp_path / "file" / "below")


# ---------------------------------------------------------------- the schema


def test_the_schema_knows_every_section_and_the_short_endpoint():
    schema = build_schema()
    assert set(schema["properties"]) == set(known_keys(RawConfig, ()))
    short = [one["required"] for one in schema["$defs"]["Endpoint"]["anyOf"]][:-1]
    assert short == [["feed"], ["sitemap"], ["listing"], ["telegram"], ["spider"]]
    assert schema["additionalProperties"] is False


def test_the_schema_accepts_one_status_a_reference_and_an_empty_section():
    schema = build_schema()
    assert len(schema["$defs"]["MeetingSpec"]["properties"]["status"]["anyOf"]) == 2
    assert schema["$defs"]["Crawl"]["properties"]["per_host"]["anyOf"][1]["type"] == "string"
    assert {"type": "null"} in schema["properties"]["watches"]["anyOf"]


def test_the_schema_refers_only_to_what_it_holds():
    schema = build_schema()
    text = json.dumps(schema)
    for name in (part.split('"')[0] for part in text.split('"#/$defs/')[1:]):
        assert name in schema["$defs"]
