"""What is kept of a configuration file, and what is wrong with the rest of it, each fault told at its place."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from config.catalogue import select
from config.errors import ConfigError, Finding, UsageError
from config.messages import errors_of, explain
from config.model import CatalogueChoice, Config, Crawl, Include, RawConfig, Source
from config.redact import redact
from config.sources_files import scan_sources
from config.vocabulary import EndpointKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from config.checks import Problem
    from config.yaml_tree import Tree

Loc = tuple[str | int, ...]

_NO_ADDRESS = "-"
"""Stands for a channel's URL that could not be had. No service has such an address: nothing can be sent there."""
_MINUTE_S = 60.0

_PUBLIC: tuple[Loc, ...] = (("storage",), ("crawl",), ("web", "listen"), ("sources", "include"))
"""Where a value from the environment is no secret: a home folder blackened in every log would help nobody."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A finding and the section it is about: what is wrong with a source may be forgiven."""

    finding: Finding
    of_source: bool


@dataclass
class Sieve:
    """A file on its way to a configuration: what is kept of it, where that stood, what was found."""

    path: Path
    tree: Tree
    only_to_read: bool = False
    told_so_far: list[_Told] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    kept: dict[str, list[int]] = field(default_factory=dict)
    """For each section that is a list: where its remaining items stood."""
    origins: list[Callable[[Loc, int | None], Finding]] = field(default_factory=list)
    """For each source: from a place inside it to a finding without words."""
    lenient: bool = False
    stubs: set[Loc] = field(default_factory=set)
    """The places of `_salvage`: what is wrong there is told already."""

    def __post_init__(self) -> None:
        self.files.append(self.path)
        for trouble in self.tree.troubles:
            if self.only_to_read and trouble.is_unset and _is_for_sending(trouble.loc):
                continue
            finding = Finding(self.path, trouble.line, trouble.column, trouble.message, trouble.hint)
            self._tell(finding, of_source=_of_source(trouble.loc))

    def told(self, *, warning: bool = False, dropped: bool = False) -> tuple[Finding, ...]:
        """The findings of one sort, in the order of the files."""
        chosen = {
            self._discreet(told.finding)
            for told in self.told_so_far
            if told.finding.warning == warning and (warning or (told.of_source and self.lenient) == dropped)
        }
        return tuple(sorted(chosen, key=lambda one: (one.file != self.path, str(one.file), one.line, one.column)))

    def _discreet(self, finding: Finding) -> Finding:
        """Without the values that came from the environment."""
        revealed = self.secrets()
        return replace(finding, message=redact(finding.message, revealed), hint=redact(finding.hint, revealed))

    def secrets(self) -> list[str]:
        """The values that came from the environment into places where they are not to be shown."""
        return [value for loc, value in self.tree.revealed if not _is_public(loc)]

    def _tell(self, finding: Finding, *, of_source: bool) -> None:
        self.told_so_far.append(_Told(finding, of_source))

    # ------------------------------------------------------------ fields

    def validated(self) -> RawConfig:
        """The part of the file that has the right shape; what has not is told and left out, item by item."""
        data = {name: value for name, value in self.tree.data.items() if value is not None or name not in _SECTIONS}
        self.kept = {name: list(range(len(value))) for name, value in data.items() if isinstance(value, list)}
        for loc in {trouble.loc[:2] for trouble in self.tree.troubles if len(trouble.loc) > 2}:  # noqa: PLR2004
            self._salvage(data, loc)
        unsound = {trouble.loc for trouble in self.tree.troubles}
        while True:
            try:
                raw = RawConfig.model_validate(data)
            except ValidationError as error:
                faults = [(_file_loc(fault["loc"]), fault) for fault in errors_of(error)]
            else:
                return raw
            for loc, fault in faults:
                at = self._original(loc)
                if not any(_overlap(at, place) for place in unsound):
                    message, hint = explain(fault, at, RawConfig)
                    on_key = fault["type"] == "extra_forbidden" or loc[-1] == "[key]"
                    self._tell_at(at, message, hint, key=on_key)
            self._prune(data, {loc[:2] for loc, _ in faults})

    def _tell_at(self, loc: Loc, message: str, hint: str, *, key: bool = False) -> None:
        line, column = self.tree.place(_as_written(self.tree, loc), key=key)
        self._tell(Finding(self.path, line, column, message, hint), of_source=_of_source(loc))

    def warn_of_bare_numbers(self, raw: RawConfig) -> None:
        """A bare number is read as seconds, which may not be what was meant."""
        durations = [name for name in Crawl.model_fields if isinstance(getattr(raw.crawl, name), timedelta)]
        places: list[Loc] = [("crawl", name) for name in durations]
        places += [("sources", index, "interval") for index in self.kept.get("sources", ())]
        for loc in places:
            written = str(self.tree.value(loc)).strip()
            if written.replace(".", "", 1).isdecimal() and float(written):
                # Nobody who thinks in seconds asks a source every five; a pause or a limit of five is usual.
                is_minutes = str(loc[-1]).endswith("interval") and float(written) < _MINUTE_S
                hint = f"write {written}m for minutes, {written}s for seconds" if is_minutes else f"write {written}s"
                self._warn_at(loc, f"{written} is read as {written} s", hint)

    def warn_of_missing_folder(self, config: Config) -> None:
        """The database is made when it is first needed, its folder is not."""
        folder = (self.path.parent / config.storage.path.expanduser()).parent
        if not folder.is_dir():
            hint = f"make it first: mkdir -p {shlex.quote(str(folder))}"
            self._warn_at(("storage", "path"), f"the folder of the database is missing: {folder}", hint)

    def with_spiders(self, config: Config) -> Config:
        """The folder of spiders as an absolute path, for it is used far from this file."""
        if config.crawl.spiders is None:
            return config
        folder = self._resolve(config.crawl.spiders).absolute()
        if not folder.is_dir():
            line, column = self.tree.place(("crawl", "spiders"))
            hint = "it holds Python files with Scrapy spiders; see docs/sources.md"
            self._tell(Finding(self.path, line, column, f"there is no folder {folder}", hint), of_source=False)
        return config.model_copy(update={"crawl": config.crawl.model_copy(update={"spiders": folder})})

    def warn_of_unset_proxies(self, config: Config, environ: Mapping[str, str]) -> None:
        """A source whose proxy is not there fails at every poll; that is better known now."""
        hint = "set it to the proxy's URL (http://host:port) before the daemon starts, or write `direct`"
        usual = config.crawl.proxy
        if _is_unset(usual, environ):
            self._warn_at(("crawl", "proxy"), f"the environment variable {usual} is not set", hint)
        for place, source in zip(self.origins, config.sources, strict=True):
            if _is_unset(source.proxy, environ):
                message = f"{source.name!r} goes through {source.proxy}, but that environment variable is not set"
                finding = replace(place(("proxy",), None), message=message, hint=hint, warning=True)
                self._tell(finding, of_source=True)

    def _warn_at(self, loc: Loc, message: str, hint: str) -> None:
        line, column = self.tree.place(_as_written(self.tree, loc))
        self._tell(Finding(self.path, line, column, message, hint, warning=True), of_source=_of_source(loc))

    def _original(self, loc: Loc) -> Loc:
        """The place in the file of a place in what is left of it."""
        if len(loc) > 1 and isinstance(loc[1], int) and isinstance(loc[0], str) and loc[0] in self.kept:
            return (loc[0], self.kept[loc[0]][loc[1]], *loc[2:])
        return loc

    def _prune(self, data: dict[str, Any], faulty: set[Loc]) -> None:
        for loc in sorted(faulty, key=_last_first):
            section = str(loc[0])
            if len(loc) == 1 or not isinstance(data.get(section), list | dict):
                data.pop(section, None)
                self.kept.pop(section, None)
            elif not self._salvage(data, loc):
                del data[section][loc[1]]
                if section in self.kept:
                    del self.kept[section][int(loc[1])]

    def _salvage(self, data: dict[str, Any], loc: Loc) -> bool:
        """Put what is sound in the place of a faulty item: the name that others refer to, the query of a watch."""
        section, key = str(loc[0]), loc[1]
        try:
            item = data[section][key]
        except (KeyError, IndexError, TypeError):
            return False
        stub = _stub(section, item)
        if stub is None or stub == item:
            return False
        data[section][key] = stub
        self.stubs.add(self._original(loc[:2]))
        return True

    # ------------------------------------------------------------ sources

    def expanded(self, raw: RawConfig) -> list[Source]:
        """The sources with includes and catalogues in place; a name that is there twice is told and left out."""
        out: list[Source] = []
        names: set[str] = set()
        chosen: list[tuple[Source, int]] = []
        unsound = {trouble.loc[1] for trouble in self.tree.troubles if _of_source(trouble.loc)}
        for index, item in zip(self.kept.get("sources", []), raw.sources, strict=True):
            if index in unsound:
                continue
            if isinstance(item, CatalogueChoice):
                chosen += [(source, index) for source in self._from_catalogue(item, index)]
            elif isinstance(item, Include):
                path = self._resolve(item.include)
                for source, line in self._included(path, index):
                    self._add(out, names, source, self._row_place(path, line))
            else:
                self._add(out, names, item, self._item_place(index))
        for source, index in chosen:  # last and silently: what the operator writes stands before what is built in
            if source.name.casefold() not in names:
                self._add(out, names, source, self._choice_place(index))
        return out

    def _add(
        self, out: list[Source], names: set[str], source: Source, place: Callable[[Loc, int | None], Finding]
    ) -> None:
        if source.name.casefold() in names:
            where = place(("name",), None)
            message = f"the name {source.name!r} is there twice in `sources`"
            self._tell(replace(where, message=message, hint="choose another, or remove one"), of_source=True)
            return
        names.add(source.name.casefold())
        out.append(source)
        self.origins.append(place)

    def _from_catalogue(self, item: CatalogueChoice, index: int) -> list[Source]:
        out: list[Source] = []
        for position, choice in enumerate(item.catalogue):
            try:
                out += [source for source in select([choice]) if source not in out]
            except UsageError as error:
                self._tell_at(("sources", index, "catalogue", position), str(error), error.hint)
        return out

    def _included(self, path: Path, index: int) -> Iterable[tuple[Source, int]]:
        self.files.append(path)
        # A list that cannot be read at all, half saved perhaps, is no fault of one source: nobody meant to drop all.
        if not path.exists():
            line, column = self.tree.place(("sources", index, "include"))
            hint = f"relative paths start at {self.path.parent}"
            self._tell(Finding(self.path, line, column, f"the file {path} does not exist", hint), of_source=False)
            return ()
        try:
            scanned = scan_sources(path)
        except ConfigError as error:
            for finding in error.findings:
                self._tell(finding, of_source=False)
            return ()
        for finding in scanned.findings:
            self._tell(finding, of_source=True)
        return tuple((row.source, row.line) for row in scanned.rows)

    def _resolve(self, path: Path) -> Path:
        return self.path.parent / path.expanduser()

    def _row_place(self, path: Path, line: int) -> Callable[[Loc, int | None], Finding]:
        return partial(_at_row, path, line)

    def _choice_place(self, index: int) -> Callable[[Loc, int | None], Finding]:
        return lambda _loc, _offset: self._finding(("sources", index, "catalogue"), None)

    def _item_place(self, index: int) -> Callable[[Loc, int | None], Finding]:
        return lambda loc, offset: self._finding(("sources", index, *loc), offset)

    def _finding(self, loc: Loc, offset: int | None, *, key: bool = False) -> Finding:
        line, column = self.tree.place(_as_written(self.tree, loc), offset=offset, key=key)
        return Finding(self.path, line, column, "")

    # ------------------------------------------------------------ the whole

    def judge(self, config: Config, problems: Iterable[Problem], *, lenient: bool) -> Config:
        """The configuration without the sources that must go; raises ConfigError when more than those is wrong."""
        self.lenient = lenient
        gone: set[int] = set()
        for problem in problems:
            loc = problem.loc
            if len(loc) > 1 and loc[0] == "sources" and isinstance(loc[1], int):
                where = self.origins[loc[1]](loc[2:], problem.offset)
                gone |= set() if problem.warning else {loc[1]}
            elif self._original(loc)[:2] in self.stubs and (loc[0] != "watches" or problem.warning):
                continue  # of a faulty watch its name and its query are judged all the same
            else:
                where = self._finding(self._original(loc), problem.offset, key=problem.on_key)
            finding = replace(where, message=problem.message, hint=problem.hint, warning=problem.warning)
            self._tell(finding, of_source=_of_source(loc))
        faults = self.told()
        if faults:
            raise ConfigError(faults)
        if not gone:
            return config
        return config.model_copy(
            update={"sources": tuple(source for index, source in enumerate(config.sources) if index not in gone)}
        )


def _is_unset(proxy: str | None, environ: Mapping[str, str]) -> bool:
    return proxy not in {None, "direct"} and not environ.get(str(proxy), "").strip()


_SECTIONS = frozenset(RawConfig.model_fields)


def _at_row(path: Path, line: int, _loc: Loc, _offset: int | None) -> Finding:
    return Finding(path, line, 1, "")


def _of_source(loc: Loc) -> bool:
    return len(loc) > 1 and loc[0] == "sources"


def _last_first(loc: Loc) -> tuple[str, int]:
    position = loc[1] if len(loc) > 1 else 0
    return str(loc[0]), -position if isinstance(position, int) else 0


def _overlap(one: Loc, other: Loc) -> bool:
    """Whether one place lies within the other, below the level of sections."""
    common = min(len(one), len(other))
    return common > 1 and one[:common] == other[:common]


def _file_loc(loc: Loc) -> Loc:
    """Without the tag that pydantic adds to say which kind of `sources` item it tried."""
    is_tagged = len(loc) > 2 and loc[0] == "sources"  # noqa: PLR2004 (section, index, tag)
    return (*loc[:2], *loc[3:]) if is_tagged else loc


def _as_written(tree: Tree, loc: Loc) -> Loc:
    """The place in the text: an endpoint's `url` is mostly written in the short form, `feed: URL`."""
    loc = tuple(step for step in loc if step != "[key]")
    if loc[-1:] == ("url",) and not tree.has(loc):
        return next(((*loc[:-1], kind) for kind in EndpointKind if tree.has((*loc[:-1], kind))), loc)
    return loc


def _stub(section: str, item: Any) -> Any:
    """What can stand in the place of a faulty item; None when nothing can."""
    if section == "channels":
        return {"url": _NO_ADDRESS}
    if section == "groups":
        return []
    if section not in {"people", "watches"} or not isinstance(item, dict):
        return None
    name = item.get("name")
    if not isinstance(name, str) or not name:
        return None
    named = {"name": name[:100]}
    if section == "people":
        return named
    return named | {"query": item["query"]} if isinstance(item.get("query"), str) else None


def _is_for_sending(loc: Loc) -> bool:
    return loc[:1] == ("channels",) or loc == ("web", "password")


def _is_public(loc: Loc) -> bool:
    words = tuple(step for step in loc if isinstance(step, str))
    return any(words[: len(public)] == public for public in _PUBLIC)
