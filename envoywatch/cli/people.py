"""`people`: who is known, which offices they held when, every written form that is looked for; and adding to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from config.errors import UsageError
from config.vocabulary import LANGUAGES, Level
from envoywatch.cli.changing import difference
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
@click.option("--country", metavar="CODE", help="Only those of this country, or who served it.")
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
@click.option("--level", type=click.Choice([level.value for level in Level]), help="The rank of the office.")
@click.option("--from", "start", metavar="DATE", help="The first day in office, as 2024-05-31.")
@click.option("--until", "end", metavar="DATE", help="The last day in office.")
@click.option("--envoy", is_flag=True, help="The office is that of an envoy.")
@click.option(
    "--form", "forms", multiple=True, metavar="LANG=NAME", help="A written name, as ru='Ли Хуэй'; repeatable."
)
@pass_context
def add_person(context: Context, /, name: str, *, forms: tuple[str, ...], **office: Any) -> None:
    """Add a person, with an office and written names, to the configuration file; everything else in it stays."""
    from config.edit import add_item, write_atomic  # noqa: PLC0415 (YAML is heavy)
    from config.files import read_text  # noqa: PLC0415 (likewise)

    item: dict[str, Any] = {"name": name}
    if held := _office_item(office):
        item["offices"] = [held]
    if forms:
        item["forms"] = _form_items(forms)
    _refuse_unfit(item)
    _refuse_known(context.config, item)
    path = context.path
    before = read_text(path)
    after = add_item(before, "people", item)
    write_atomic(path, after)
    click.echo(escape(difference(before, after, str(path)), keep_lines=True), nl=False)
    context.say(f"added {escape(name)!r} to {escape(path)}")


def _office_item(options: dict[str, Any]) -> dict[str, Any]:
    given = {"from" if key == "start" else "until" if key == "end" else key: value for key, value in options.items()}
    given = {key: value for key, value in given.items() if value}
    if given and not {"title", "level"} <= set(given):
        raise UsageError("an office needs a title and a level", hint="give --title and --level")
    return given


def _form_items(forms: tuple[str, ...]) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for form in forms:
        language, equals, name = form.partition("=")
        if not equals or not _is_language(language) or not name.strip():
            hint = f"write LANG=NAME; LANG is {', '.join(LANGUAGES)}, or another code for watches of words alone"
            raise UsageError(f"{form!r} is not a written name", hint=hint)
        out.setdefault(language, []).append(name.strip())
    return out


def _is_language(code: str) -> bool:
    from alerts.watches.conditions import BadValueError, parse_value  # noqa: PLC0415 (reads a list of languages)
    from alerts.watches.nodes import Condition  # noqa: PLC0415 (likewise)

    try:
        return parse_value(Condition.LANGUAGE, code) == code
    except BadValueError:
        return False


def _refuse_unfit(item: dict[str, Any]) -> None:
    from pydantic import ValidationError  # noqa: PLC0415 (heavy)

    from config.model import PersonEntry  # noqa: PLC0415 (likewise)

    try:
        PersonEntry.model_validate(item)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _refuse_known(config: Config, item: dict[str, Any]) -> None:
    """Somebody of that name whom the entry would not change: it has neither an office nor a written name."""
    from config.people import load_people  # noqa: PLC0415 (reads every name there is)

    known = load_people(config.people, config.groups).find(item["name"])
    if known is not None and len(item) == 1:
        raise UsageError(f"{known.label} is known already", hint="give --title or --form to add to what is known")
