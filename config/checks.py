"""What must hold across the fields of a configuration; later layers bring checks of their own (`Check`)."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.durations import render_duration
from config.messages import did_you_mean
from config.model import Watch
from config.vocabulary import Send
from config.watch_options import admits

if TYPE_CHECKING:
    from config.model import Config

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault that only the whole configuration shows.

    `loc` is the place in the `Config`, as `("watches", 2, "query")`; `offset` counts characters into that value,
    or into its key when the fault is `on_key`.
    """

    loc: Loc
    message: str
    hint: str = ""
    offset: int | None = None
    warning: bool = False
    on_key: bool = False


Check = Callable[["Config"], Iterable[Problem]]


def find_problems(config: Config, checks: Iterable[Check] = ()) -> list[Problem]:
    """Everything that our own checks and the given ones find."""
    return [problem for check in (*_OWN, *checks) for problem in check(config)]


def _twice_the_name(config: Config) -> Iterator[Problem]:
    for section in ("watches", "digests", "expect", "people"):
        first: dict[str, int] = {}
        for index, item in enumerate(getattr(config, section)):
            name = item.name.casefold()
            if name in first:
                hint = "names are how pages and commands tell them apart; choose another"
                yield Problem((section, index, "name"), f"the name {item.name!r} is there twice in `{section}`", hint)
            first.setdefault(name, index)


def _same_endpoint(config: Config) -> Iterator[Problem]:
    users: dict[str, str] = {}
    for index, source in enumerate(config.sources):
        for position, endpoint in enumerate(source.endpoints):
            other = users.setdefault(endpoint.url, source.name)
            if other != source.name:
                message = f"{source.name!r} reads the same address as {other!r}: {endpoint.url}"
                yield Problem(("sources", index, "endpoints", position, "url"), message, "keep one", warning=True)


def _impatient_source(config: Config) -> Iterator[Problem]:
    least = config.crawl.min_interval
    for index, source in enumerate(config.sources):
        if source.interval is not None and source.interval < least:
            message = (
                f"{source.name!r} asks for every {render_duration(source.interval)}, "
                f"but `crawl.min_interval` is {render_duration(least)}: it is polled every {render_duration(least)}"
            )
            hint = "lengthen the interval, or lower crawl.min_interval where that is welcome"
            yield Problem(("sources", index, "interval"), message, hint, warning=True)


def _unknown_channel(config: Config) -> Iterator[Problem]:
    def unknown(loc: Loc, name: str) -> Iterator[Problem]:
        if name not in config.channels:
            hint = did_you_mean(name, config.channels) or "add it under `channels`"
            yield Problem(loc, f"there is no channel {name!r}", hint)

    for section in ("watches", "expect", "digests"):
        for index, item in enumerate(getattr(config, section)):
            for position, name in enumerate(item.channels):
                yield from unknown((section, index, "channels", position), name)
    for position, name in enumerate(config.health.channels or ()):
        yield from unknown(("health", "channels", position), name)
    for name, channel in config.channels.items():
        if channel.fallback is not None:
            yield from unknown(("channels", name, "fallback"), channel.fallback)


_FOR_SENDING = {
    Send.DIGEST: ("quiet", "at_most", "urgency", "min_sources"),
    Send.NOW: ("quiet", "at_most", "urgency"),  # alerts without a channel are still on the page
}


def _idle_option(config: Config) -> Iterator[Problem]:
    """What a watch asks for and never gets, because nothing is sent."""
    for index, watch in enumerate(config.watches):
        if watch.send is Send.NOW and watch.channels:
            continue
        why = "`send` is digest" if watch.send is Send.DIGEST else "the watch names no channel"
        hint = "write `send: now`" if watch.send is Send.DIGEST else "add `channels`"
        for name in _FOR_SENDING[watch.send]:
            if getattr(watch, name) != Watch.model_fields[name].default:
                yield Problem(("watches", index, name), f"`{name}` does nothing while {why}", hint, warning=True)


def _unreadable_only(config: Config) -> Iterator[Problem]:
    """Conditions of `only` that no configured source fulfils."""
    names = {source.name.casefold() for source in config.sources}
    for index, watch in enumerate(config.watches):
        only = watch.only
        if only is None or not config.sources:
            continue
        place = ("watches", index, "only")
        strangers = [one for one in only.sources if one.casefold() not in names]
        for name in strangers:
            position = only.sources.index(name)
            hint = did_you_mean(name, [source.name for source in config.sources])
            yield Problem((*place, "sources", position), f"no source is called {name!r}", hint, warning=True)
        if not strangers and not any(admits(only, one.name, one.role, one.country) for one in config.sources):
            yield Problem(place, "no source is as `only` asks for: the watch can never match", warning=True)


def _circular_fallback(config: Config) -> Iterator[Problem]:
    told: set[str] = set()
    for start in config.channels:
        trail: list[str] = []
        at: str | None = start
        while at in config.channels and at not in trail and at not in told:
            trail.append(at)
            at = config.channels[at].fallback
        if at in trail:
            circle = " -> ".join([*trail[trail.index(at) :], at])
            yield Problem(
                ("channels", at, "fallback"), f"the fallbacks run in a circle: {circle}", "remove one of them"
            )
        told.update(trail)


def _open_page(config: Config) -> Iterator[Problem]:
    listen = config.web.listen
    if listen == "off" or config.web.password or _is_loopback(listen.rpartition(":")[0]):
        return
    message = f"the page would be open to everyone who can reach {listen}"
    yield Problem(("web", "listen"), message, "set web.password, or listen on 127.0.0.1")


def _is_loopback(host: str) -> bool:
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _nobody_speaks(config: Config) -> Iterator[Problem]:
    if not config.sources:
        hint = "add one with `envoywatch sources add URL`, or choose built-in ones: `- catalogue: [ua, cn]`"
        yield Problem(("sources",), "there are no sources: nothing will be read", hint, warning=True)


def _empty_group(config: Config) -> Iterator[Problem]:
    for name, members in config.groups.items():
        again = [member for member, count in _counts(members).items() if count > 1]
        if again:
            yield Problem(("groups", name), f"the group {name!r} names {again[0]!r} twice", "keep one", warning=True)


def _counts(names: Iterable[str]) -> dict[str, int]:
    out: dict[str, int] = defaultdict(int)
    for name in names:
        out[name] += 1
    return out


_OWN: tuple[Check, ...] = (
    _twice_the_name,
    _same_endpoint,
    _impatient_source,
    _unknown_channel,
    _idle_option,
    _unreadable_only,
    _circular_fallback,
    _open_page,
    _nobody_speaks,
    _empty_group,
)
