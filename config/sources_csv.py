"""Source lists as CSV: a row per endpoint, rows of one name in order of preference, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from config.errors import ConfigError, Finding
from config.messages import did_you_mean
from config.source_rows import OF_ENDPOINT, REQUIRED, SHARED, Gatherer, Scanned, endpoint_texts, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from config.model import Endpoint, Source

_COLUMNS = ("name", "url", "kind", "language", "country", "role")
_OPTIONAL = (*OF_ENDPOINT, *(name for name in SHARED if name not in _COLUMNS))
_IGNORED = frozenset({"note", "notes", "comment"})

_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠#]")
_FIGURE = re.compile(r"[+-]?\d+(\.\d+)?")


def scan_csv(text: str, path: Path) -> Scanned:
    """Rows of one name, in order, are the endpoints of one source; lines that start with `#` are comments."""
    first_line = next((line for line in text.split("\n") if line.strip() and not line.startswith("#")), "")
    delimiter = max(",;\t", key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    gatherer = Gatherer(path)
    header: list[str] = []
    start = 1
    try:
        for cells in reader:
            line, start = start, reader.line_num + 1
            if not any(map(str.strip, cells)) or cells[0].lstrip().startswith("#"):
                continue
            if not header:
                header = _header(cells, path, line)
                continue
            if len(cells) > len(header):
                hint = "put quotes around a text that contains a comma"
                gatherer.tell(line, f"{len(cells)} fields, but the first line names {len(header)}", hint)
                continue
            gatherer.add(dict(zip(header, map(_text, cells), strict=False)), line)
    except csv.Error as error:
        finding = Finding(path, start, 1, f"not readable as CSV: {error}", "check the quotation marks")
        raise ConfigError([finding]) from error
    if not header:
        gatherer.tell(0, "the file is empty", f"its first line is {','.join(_COLUMNS)}")
    return gatherer.scanned()


def _header(cells: Sequence[str], path: Path, line: int) -> list[str]:
    header = [cell.strip().casefold() for cell in cells]
    findings = [
        Finding(path, line, 1, f"the column `{name}` is missing", f"the first line names: {','.join(_COLUMNS)}")
        for name in REQUIRED
        if name not in header
    ]
    known = (*_COLUMNS, *_OPTIONAL)
    findings += [
        Finding(path, line, 1, f"unknown column `{name}`", did_you_mean(name, known))
        for name in header
        if name not in known and name not in _IGNORED
    ]
    findings += [
        Finding(path, line, 1, f"the column `{name}` is there twice")
        for name in sorted({name for name in header if header.count(name) > 1})
    ]
    if findings:
        raise ConfigError(findings)
    return header


def _text(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell) else cell


def write_csv(sources: Iterable[Source]) -> str:
    """One row per endpoint; texts that a spreadsheet would take for a formula are led by an apostrophe."""
    rows = [_row(source, endpoint) for source in sources for endpoint in source.endpoints]
    columns = [*_COLUMNS, *(name for name in _OPTIONAL if any(row[name] for row in rows))]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([guard_formula(row[name]) for name in columns] for row in rows)
    return out.getvalue()


def guard_formula(cell: str) -> str:
    """The cell made safe to open in a spreadsheet; figures stay figures."""
    return f"'{cell}" if _FORMULA.match(cell) and not _FIGURE.fullmatch(cell) else cell


def _row(source: Source, endpoint: Endpoint) -> dict[str, str]:
    return {
        "name": source.name,
        "url": endpoint.url,
        "kind": endpoint.kind,
        **endpoint_texts(endpoint),
        **texts_of(source),
    }
