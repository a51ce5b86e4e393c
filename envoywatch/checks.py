"""The checks of a configuration that need more than `config` knows: queries, and the people they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.watches.query import QueryError, parse_query, people_in
from config.checks import Check, Loc, Problem
from config.people import load_people

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from config.model import Config, MeetingSpec
    from config.people import People


def all_checks() -> tuple[Check, ...]:
    """The checks to hand to `load_config`."""
    return (_queries_and_people, _channels)


def _channels(config: Config) -> Iterator[Problem]:
    if not config.channels:
        return
    from alerts.channels import check_url  # noqa: PLC0415 (0.2 s that a configuration without channels need not pay)

    for name, channel in config.channels.items():
        wrong = check_url(channel.url)
        if wrong is not None:
            yield Problem(("channels", name, "url"), wrong, "what each service needs is told at appriseit.com")


def _queries_and_people(config: Config) -> Iterator[Problem]:
    """One check for both, since reading the people is the dear part."""
    people = load_people(config.people)
    yield from _groups(config, people)
    for index, watch in enumerate(config.watches):
        place = ("watches", index)
        if watch.query is not None:
            yield from _query(watch.query, (*place, "query"), people, config.groups)
        if watch.meeting is not None:
            yield from _meeting(watch.meeting, (*place, "meeting"), people, config.groups)
    for index, clock in enumerate(config.expect):
        yield from _meeting(clock.meeting, ("expect", index, "meeting"), people, config.groups)


def _groups(config: Config, people: People) -> Iterator[Problem]:
    for name, members in config.groups.items():
        if people.find(name) is not None:
            hint = "choose another name for the group"
            yield Problem(("groups", name), f"the group {name!r} has the name of a person", hint)
        for position, member in enumerate(members):
            yield from _person(member, ("groups", name, position), people, groups=())


def _query(text: str, loc: Loc, people: People, groups: Iterable[str]) -> Iterator[Problem]:
    try:
        query = parse_query(text)
    except QueryError as error:
        yield Problem(loc, error.message, error.hint, offset=error.column - 1)
        return
    for warning in query.warnings:
        yield Problem(loc, warning, warning=True)
    for person in people_in(query.root):
        yield from _person(person.name, loc, people, groups, offset=max(person.column - 1, 0))


def _meeting(spec: MeetingSpec, loc: Loc, people: People, groups: Iterable[str]) -> Iterator[Problem]:
    if spec.guest is not None:
        yield from _person(spec.guest, (*loc, "guest"), people, groups)
    for position, name in enumerate(spec.between or ()):
        yield from _person(name, (*loc, "between", position), people, groups)


def _person(
    name: str, loc: Loc, people: People, groups: Iterable[str], *, offset: int | None = None
) -> Iterator[Problem]:
    if name.removeprefix("@") in groups or people.find(name) is not None:
        return
    near = people.suggest(name)
    hint = f"did you mean {' or '.join(near)}?" if near else "add the person under `people`"
    yield Problem(loc, f"nobody is known as {name!r}", hint, offset)
