"""Source lists in files of their own, CSV or OPML, whichever the file turns out to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.errors import ConfigError
from config.files import decode, read_bytes
from config.sources_csv import scan_csv, write_csv
from config.sources_opml import scan_opml, write_opml

if TYPE_CHECKING:
    from pathlib import Path

    from config.model import Source
    from config.source_rows import Scanned

__all__ = ["read_sources", "scan_sources", "write_csv", "write_opml"]


def read_sources(path: Path) -> list[Source]:
    """All sources of a CSV or OPML file; raises ConfigError with every fault, line by line."""
    scanned = scan_sources(path)
    if scanned.findings:
        raise ConfigError(scanned.findings)
    return [row.source for row in scanned.rows]


def scan_sources(path: Path) -> Scanned:
    """The sources of a CSV or OPML file that are sound, and the faults; raises ConfigError for an unreadable file."""
    content = read_bytes(path)
    is_xml = content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    if is_xml or path.suffix.casefold() == ".opml":
        return scan_opml(content, path)
    return scan_csv(decode(content, path), path)
