"""The query language against its conformance tables in tests/data/watches."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from alerts.watches.matcher import compile_watches
from alerts.watches.query import QueryError, parse_query, render_query
from config.vocabulary import Role
from storage.model import Document

TABLES = Path(__file__).parent / "data" / "watches"
NAMES = {
    "li-hui": {
        "en": ["Li Hui"],
        "zh": ["李辉"],
        "ru": ["Ли Хуэй", "Ли Хуэя", "Ли Хуэем"],
        "pl": ["Li Hui", "Li Huiem"],
    },
    "xi": {"en": ["Xi", "Xi Jinping"], "zh": ["习近平"], "ru": ["Си Цзиньпин"]},
    "envoys": {"en": ["Li Hui", "Steve Witkoff"]},
}


class People:
    def forms_of(self, reference):
        return NAMES[reference.lower().replace(" ", "-")]


def rows(*names):
    return [
        pytest.param(row, id=f"{name}: {row['query'][:40]} | {row.get('text', '')[:30]}")
        for name in names
        for row in YAML(typ="safe", pure=True).load(TABLES / f"{name}.yaml")
    ]


@pytest.mark.parametrize("row", rows("english", "chinese_and_others", "cyrillic", "western"))
def test_a_query_finds(row):
    document = Document(
        row.get("title", ""),
        row["text"],
        row.get("lang"),
        source=row.get("source", ""),
        country=row.get("country"),
        role=Role(row.get("role", "media")),
    )
    query = parse_query(row["query"])
    matcher = compile_watches([("watch", query)], People())
    matches = matcher.match(document)
    found = [getattr(document, span.field)[span.start : span.end] for match in matches for span in match.spans]
    assert found == row["finds"]
    assert bool(matches) is row.get("matched", bool(row["finds"]))
    assert parse_query(render_query(query)).root == query.root


@pytest.mark.parametrize("row", rows("mistakes"))
def test_a_mistake_is_named_and_placed(row):
    with pytest.raises(QueryError) as caught:
        parse_query(row["query"])
    assert row["error"] in caught.value.message
    assert caught.value.column == row["column"]
    assert row.get("hint", "") in caught.value.hint


@pytest.mark.parametrize("row", rows("doubts"))
def test_what_is_hardly_meant_is_warned_of(row):
    warnings = parse_query(row["query"]).warnings
    assert len(warnings) == ("warning" in row), warnings
    assert all(row["warning"] in warning for warning in warnings)


def test_every_example_of_the_documentation_is_a_query():
    text = (Path(__file__).parents[1] / "docs" / "queries.md").read_text(encoding="utf-8")
    blocks = [block.partition("```")[0] for block in text.split("```query\n")[1:]]
    written = [row.split("|")[1] for row in text.splitlines() if row.startswith("| `")]
    examples = [line for block in blocks for line in block.splitlines()]
    examples += [example for cell in written for example in re.findall(r"`([^`]+)`", cell)]
    assert len(examples) > 20
    for example in examples:
        alone = example in {"-a", "NOT a"}  # warned of alone, as the table says
        assert bool(parse_query(example).warnings) is alone
