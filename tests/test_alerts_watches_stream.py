"""Names written once, found in ten days of real headlines and teasers: against a plain scan for every form by hand."""

import gzip
import json
import re

import pytest

from alerts.names import NameForms
from alerts.watches.matcher import compile_watches
from alerts.watches.query import parse_query
from config.people import load_people
from storage.model import Document

SCANS = {
    "@li-hui": ("en pl ru zh", r"\bLi Hui(?:a|owi|em|u|’s|'s)?\b|\bЛи Ху(?:эй|эя|эю|эем|эе)\b|李辉|李輝"),
    "Путин": ("ru", r"(?i)\bпутин(?:а|у|ым|е)?\b"),
    "@vladimir-putin": ("ru", r"\bПутин(?:а|у|ым|е)?\b|\bПУТИН"),
    "Зеленский": ("ru", r"\bЗеленск(?:ий|ого|ому|им|ом)\b|\bЗЕЛЕНСКИЙ"),
    "习近平": ("zh", "习近平|習近平"),
    "@xi-jinping": ("zh", "习近平|習近平|习主席"),
}


@pytest.fixture(scope="module")
def found(shared):
    """For each query the items that it finds in its languages, and those that the scan finds."""
    matcher = compile_watches([(query, parse_query(query)) for query in SCANS], NameForms(load_people()))
    ours, scanned = {query: set() for query in SCANS}, {query: set() for query in SCANS}
    with gzip.open(shared / "data/articles/stream_lihui_2023-05-10_05-20.jsonl.gz", "rt", encoding="utf-8") as lines:
        for item in map(json.loads, lines):
            document = Document(item.get("title") or "", item.get("text") or "", item["lang"])
            for match in matcher.match(document):
                if item["lang"] in SCANS[match.watch][0]:
                    ours[match.watch].add(item["id"])
            for query, (languages, pattern) in SCANS.items():
                if item["lang"] in languages and re.search(pattern, f"{document.title}\n{document.text}"):
                    scanned[query].add(item["id"])
    return ours, scanned


@pytest.mark.parametrize("query", SCANS)
def test_a_name_written_once_finds_what_a_scan_for_all_its_forms_finds(found, query):
    ours, scanned = found
    assert ours[query] == scanned[query]
    assert scanned[query]


def test_all_nine_items_about_the_envoy_are_found_in_english_and_polish(found):
    assert len(found[0]["@li-hui"]) == 9
