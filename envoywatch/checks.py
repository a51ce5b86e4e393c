"""The checks of a configuration that need more than `config` knows: queries, and the people they are about."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from alerts.text import fold
from alerts.watches.nodes import Condition
from alerts.watches.query import QueryError, conditions_in, parse_query, people_in
from config.checks import Check, Loc, Problem
from config.messages import did_you_mean
from config.people import load_people
from envoywatch.option_checks import only_against_query, past_mutes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alerts.watches.nodes import About
    from config.model import Config, MeetingSpec
    from config.people import People


def all_checks() -> tuple[Check, ...]:
    """The checks to hand to `load_config`."""
    return (_queries_and_people, only_against_query, past_mutes, _channels)


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
            yield from _query(watch.query, (*place, "query"), people, config)
        for term in watch.score.terms if watch.score is not None else ():
            for problem in _query(term, (*place, "score", "terms", term), people, config):
                yield replace(problem, on_key=True)
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


def _query(text: str, loc: Loc, people: People, config: Config) -> Iterator[Problem]:
    try:
        query = parse_query(text)
    except QueryError as error:
        yield Problem(loc, error.message, error.hint, offset=error.column - 1)
        return
    for warning in query.warnings:
        yield Problem(loc, warning, warning=True)
    for person in people_in(query.root):
        place = max(person.column - 1, 0)
        yield from _person(person.name, loc, people, config.groups, offset=place)
        yield from _hardly_written(person.name, loc, people, config, place)
    if config.sources:
        for condition in dict.fromkeys(conditions_in(query.root)):
            yield from _condition(condition, loc, config)


def _hardly_written(name: str, loc: Loc, people: People, config: Config, offset: int) -> Iterator[Problem]:
    """A group of nobody, and people of the operator who are known by one written form alone."""
    name = name.removeprefix("@")
    if not config.groups.get(name, ("somebody",)):
        message = f"the group {name!r} names nobody, so @{name} is never found"
        yield Problem(loc, message, f"add people under `groups: {{{name}: [...]}}`", offset, warning=True)
    for member in config.groups.get(name, (name,)):
        person = people.find(member)
        if person is not None and set(person.forms) <= {"en"}:
            message = f"{person.label} is found only as written in Latin letters"
            hint = "give the other forms under `people`, as in `forms: {ru: [...], zh: [...]}`"
            yield Problem(loc, message, hint, offset, warning=True)


def _condition(condition: About, loc: Loc, config: Config) -> Iterator[Problem]:
    """A condition that no article of the configured sources can meet."""
    had = {
        Condition.SOURCE: [source.name for source in config.sources],
        Condition.COUNTRY: [source.country for source in config.sources if source.country],
        Condition.ROLE: [source.role.value for source in config.sources],
    }.get(condition.condition)
    if had is not None and fold(condition.value).text not in {fold(value).text for value in had}:
        hint = did_you_mean(condition.value, had) or "`envoywatch sources list` shows what there is"
        asked = f"{condition.condition}:{condition.value}"
        yield Problem(loc, f"{asked} is met by no article: no configured source is like that", hint, warning=True)


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
