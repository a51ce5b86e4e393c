"""Source lists as OPML, the form in which feed readers exchange them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from config.errors import ConfigError, Finding
from config.folders import join_folder, split_folder
from config.source_rows import OF_ENDPOINT, SHARED, Gatherer, Scanned, endpoint_texts, texts_of
from config.vocabulary import EndpointKind, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from config.model import Source

_SPACE = "https://envoywatch.example/opml"
_NAME_MAX = 120
_OWN = ("kind", *OF_ENDPOINT, *(name for name in SHARED if name != "language"))
_WRITTEN = tuple(name for name in _OWN if name != "folder")
"""Attributes in our own namespace; other readers pass over them."""


_UNESCAPED = {
    expat.errors.codes[one] for one in (expat.errors.XML_ERROR_INVALID_TOKEN, expat.errors.XML_ERROR_UNDEFINED_ENTITY)
}
_ESCAPES = "in XML an & is written &amp; (in addresses too), a < is written &lt;"


# ---------------------------------------------------------------- in


def scan_opml(content: bytes, path: Path) -> Scanned:
    """Every outline with an address, at any depth; folders and categories may say the country, role or language.

    Two outlines of one title are two sources, the second named after its host, unless the second says
    `ew:fallback="true"`, as our own export does.
    """
    reader = _Reader(Gatherer(path))
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = lambda tag, attributes: reader.start(tag, attributes, parser.CurrentLineNumber)
    parser.EndElementHandler = reader.end
    parser.EntityDeclHandler = lambda *_: _refuse_entities(path, parser.CurrentLineNumber)
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        message = f"not readable as OPML: {expat.errors.messages[error.code]}"
        hint = _ESCAPES if error.code in _UNESCAPED else ""
        raise ConfigError([Finding(path, error.lineno, error.offset + 1, message, hint)]) from error
    if not reader.seen and not reader.gatherer.findings:
        reader.gatherer.tell(0, "there are no feeds in this file", "an OPML file lists them as <outline xmlUrl=...>")
    return reader.gatherer.scanned()


def _refuse_entities(path: Path, line: int) -> None:
    raise ConfigError([Finding(path, line, 1, "entity declarations are refused", "remove the DOCTYPE")])


@dataclass
class _Reader:
    """Follows the outlines with the folders they stand in."""

    gatherer: Gatherer
    folders: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    seen: int = 0

    def start(self, tag: str, attributes: dict[str, str], line: int) -> None:
        """An outline with an address is a source, one without is a folder."""
        if tag.rpartition(" ")[2].casefold() != "outline":
            return
        plain = {name.casefold(): value.strip() for name, value in attributes.items() if " " not in name}
        own = {name: attributes[f"{_SPACE} {name}"] for name in (*_OWN, "fallback") if f"{_SPACE} {name}" in attributes}
        self.folders.append(plain.get("text") or plain.get("title") or "")
        url = plain.get("xmlurl") or (plain.get("url") if own else "")
        if not url:
            return
        self.seen += 1
        name = plain.get("text") or plain.get("title") or _host(url) or url
        row = {
            **self._said_by(plain.get("category", ""), own),
            **_language(plain.get("language", "")),
            **own,
            "name": self._unique(name[:_NAME_MAX], url, fallback=own.get("fallback") == "true"),
            "url": url,
        }
        self.gatherer.add(row, line)

    def end(self, tag: str) -> None:
        """Leave a folder."""
        if tag.rpartition(" ")[2].casefold() == "outline":
            self.folders.pop()

    def _unique(self, name: str, url: str, *, fallback: bool) -> str:
        if name in self.names and not fallback:
            host = _host(url) or "another"
            base = f"{name[: _NAME_MAX - len(host) - 8]} ({host})"
            name = base
            count = 2
            while name in self.names:
                name, count = f"{base} {count}", count + 1
        self.names.add(name)
        return name

    def _said_by(self, category: str, own: dict[str, str]) -> dict[str, str]:
        """What folders and `category="/RU/official"` say in our words; the other folders are kept as they are.

        Where our own export names the folder, that is all that folders say.
        """
        folders = () if "folder" in own else self.folders[:-1]
        out: dict[str, str] = {}
        for word in (*folders, *category.replace(",", "/").split("/")):
            out |= _meant_by(word.strip())
        kept = join_folder(tuple(word for word in folders if not _meant_by(word.strip())))
        return out | ({"folder": kept} if kept else {})


def _host(url: str) -> str | None:
    """The host of an address, which may be none: that is told with the other faults of its line."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _meant_by(word: str) -> dict[str, str]:
    """The role or the country that a folder is called by."""
    if word.casefold() in set(Role):
        return {"role": word.casefold()}
    if len(word) == 2 and word.isascii() and word.isalpha() and word.isupper():  # noqa: PLR2004 (ISO code)
        return {"country": word}
    return {}


def _language(tag: str) -> dict[str, str]:
    """`EN` and `en_US` are written too."""
    first, dash, rest = tag.replace("_", "-").partition("-")
    return {"language": first.lower() + dash + rest} if tag else {}


# ---------------------------------------------------------------- out


@dataclass
class _Folder:
    """An outline with what stands in it, in the order in which it came."""

    folders: dict[str, _Folder] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)

    def place(self, names: tuple[str, ...]) -> _Folder:
        """The folder below this one, made where it is missing."""
        here = self
        for name in names:
            here = here.folders.setdefault(name, _Folder())
        return here

    def lines(self, indent: str) -> Iterator[str]:
        """What is in the folder as outlines."""
        for name, folder in self.folders.items():
            yield f"{indent}<outline text={quoteattr(name)}>"
            yield from folder.lines(f"{indent}  ")
            yield f"{indent}</outline>"
        for source in self.sources:
            yield from (f"{indent}{line}" for line in _outlines(source))


def write_opml(sources: Iterable[Source]) -> str:
    """OPML 2.0 in the sources' folders, or by country; what OPML has no word for stands in a namespace of our own."""
    body = _Folder()
    for source in sources:
        names = split_folder(source.folder or "") or ((source.country,) if source.country else ())
        body.place(names).sources.append(source)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<opml version="2.0" xmlns:ew="{_SPACE}">',
        "  <head><title>Envoywatch sources</title></head>",
        "  <body>",
        *body.lines("    "),
    ]
    return "\n".join([*lines, "  </body>", "</opml>", ""])


def _outlines(source: Source) -> list[str]:
    texts = texts_of(source)
    ambiguous = any(_meant_by(name) for name in split_folder(texts["folder"]))
    out = []
    for position, endpoint in enumerate(source.endpoints):
        is_feed = endpoint.kind is EndpointKind.FEED
        attributes = {
            "text": source.name,
            "type": "rss" if is_feed else "link",
            "xmlUrl" if is_feed else "url": endpoint.url,
            "language": texts["language"],
            "category": "/" + "/".join(filter(None, (texts["country"], texts["role"]))),
            "ew:kind": endpoint.kind,
            **{f"ew:{name}": text for name, text in endpoint_texts(endpoint).items()},
            **{f"ew:{name}": texts[name] for name in _WRITTEN if name in texts},
            "ew:folder": texts["folder"] if ambiguous else "",
            "ew:fallback": "true" if position else "",
        }
        written = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items() if value)
        out.append(f"<outline {written}/>")
    return out
