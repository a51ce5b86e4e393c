"""`people`: who is known, which offices they held when, every written form that is looked for; and adding to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from config.errors import UsageError
from config.vocabulary import Level
from envoywatch.cli.changing import change_config, yes_option
from envoywatch.cli.choices import OneOf
from envoywatch.cli.codes import COUNTRY
from envoywatch.cli.context import Context, pass_context
from envoywatch.cli.output import Column, emit_json, escape, json_option, print_table

if TYPE_CHECKING:
    from datetime import date

    from config.model import Config
    from config.people import People
    from config.persons import HeldOffice, Person


@click.group("people")
def command() -> None:
    """List, add and show people and their written forms."""


# ---------------------------------------------------------------- list, show


@command.command("list")
@click.option("--country", type=COUNTRY, metavar="CODE", help="Only those of this country, or who served it.")
@json_option
@pass_context
def list_people(context: Context, /, country: str | None, *, as_json: bool) -> None:
    """List the people who are known: the built-in ones and those of the configuration."""
    day = _today()
    persons = [person for person in _people(context) if country is None or _is_of(person, country.upper())]
    persons.sort(key=lambda person: (person.country or "", list(Level).index(person.level_at(day)), person.label))
    if as_json:
        emit_json([_summary(person, day) for person in persons])
        return
    rows = [(p.label, f"@{p.slug}", p.country, p.level_at(day), _office_words(p, day)) for p in persons]
    nobody = f"nobody of {country} is known" if country else "nobody is known"
    print_table((Column("NAME", style="bold"), "IN QUERIES", "COUNTRY", "LEVEL", "OFFICE NOW"), rows, empty=nobody)


@command.command("show")
@click.argument("name")
@json_option
@pass_context
def show_person(context: Context, /, name: str, *, as_json: bool) -> None:
    """Show one person: offices with their dates, and every written form by language."""
    from alerts.names import NameForms  # noqa: PLC0415 (generates every case of every name)

    people = _people(context)
    person = people.get(name)
    forms = {language: list(found) for language, found in NameForms(people).forms_of(person.label).items() if found}
    if as_json:
        emit_json(_summary(person, _today()) | {"offices": [_office(held) for held in person.offices], "forms": forms})
        return
    lines = [("name", person.label), ("in queries", f"@{person.slug}"), ("country", person.country or "")]
    lines += [("office", _held_words(held)) for held in person.offices]
    lines += [(language, ", ".join(found)) for language, found in forms.items()]
    print_table(("", ""), lines)


def _today() -> date:
    return datetime.now(UTC).date()


def _people(context: Context) -> People:
    from config.people import load_people  # noqa: PLC0415 (reads every name there is)

    config = _config_if_any(context)
    return load_people(config.people, config.groups) if config is not None else load_people()


def _config_if_any(context: Context) -> Config | None:
    """The built-in people can be looked up before there is a configuration."""
    try:
        path = context.path
    except UsageError:
        return None
    return context.config if context.config_file is not None or path.exists() else None


def _is_of(person: Person, country: str) -> bool:
    return country == person.country or any(held.country == country for held in person.offices)


def _summary(person: Person, day: date) -> dict[str, Any]:
    return {
        "name": person.label,
        "slug": person.slug,
        "country": person.country,
        "level": person.level_at(day),
        "offices_now": [held.title for held in person.offices_at(day)],
    }


def _office(held: HeldOffice) -> dict[str, Any]:
    return {
        "title": held.title,
        "country": held.country,
        "level": held.level,
        "from": held.start,
        "until": held.end,
        "envoy": held.envoy,
        "spokesman": held.spokesman,
    }


def _office_words(person: Person, day: date) -> str:
    return ", ".join(held.title for held in person.offices_at(day)) or ("out of office" if person.offices else "")


def _held_words(held: HeldOffice) -> str:
    country = f" of {held.country}" if held.country else ""
    since = f"from {held.start}" if held.start else "since before"
    until = f" until {held.end}" if held.end else ""
    return f"{held.title}{country} ({held.level}), {since}{until}"


# ---------------------------------------------------------------- add


@command.command("add")
@click.argument("name")
@click.option("--title", help="The office, as `foreign minister` or in other words.")
@click.option("--country", metavar="CODE", help="Whose office it is.")
@click.option("--level", type=OneOf([level.value for level in Level]), help="The rank of the office.")
@click.option("--from", "start", metavar="DATE", help="The first day in office, as 2024-05-31.")
@click.option("--until", "end", metavar="DATE", help="The last day in office.")
@click.option("--envoy", is_flag=True, help="The office is that of an envoy.")
@click.option(
    "--form", "forms", multiple=True, metavar="LANG=NAME", help="A written name, as ru='Ли Хуэй'; repeatable."
)
@yes_option
@pass_context
def add_person(context: Context, /, name: str, *, forms: tuple[str, ...], yes: bool, **office: Any) -> None:
    """Add a person, with an office and written names, to the configuration file; everything else in it stays.

    The change is shown, and at a terminal you are asked before it is written.
    """
    from config.edit import add_item  # noqa: PLC0415 (YAML is heavy)
    from envoywatch.editing import form_items, judge_person, office_item  # noqa: PLC0415 (likewise)

    item: dict[str, Any] = {"name": name}
    renamed = {"start": "from", "end": "until"}
    if held := office_item({renamed.get(key, key): value for key, value in office.items()}):
        item["offices"] = [held]
    if forms:
        item["forms"] = form_items(forms)
    for problem in judge_person(context.config, item):
        raise UsageError(problem.message, hint=problem.hint)
    if change_config(context, lambda text: add_item(text, "people", item), f"Add {escape(name)!r}?", yes=yes):
        context.say(f"added {escape(name)!r} to {escape(context.path)}")
