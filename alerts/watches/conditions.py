"""The values that lang:, role: and country: take."""

from __future__ import annotations

import difflib
import re
from functools import cache
from importlib import resources

from alerts.text import fold
from alerts.watches.nodes import Condition
from config.countries import load_countries
from config.data_yaml import parse_data
from config.vocabulary import Role


class BadValueError(ValueError):
    """A value that its field does not know."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def parse_value(condition: Condition, value: str) -> str:
    """The value in its normal form; raises BadValueError."""
    match condition:
        case Condition.LANGUAGE:
            return _language(value)
        case Condition.ROLE:
            return _role(value)
        case Condition.COUNTRY:
            return _country(value)
        case _:
            return value


@cache
def _language_names() -> dict[str, str]:
    """ISO 639-1 codes and the English name of each."""
    file = resources.files("alerts.watches").joinpath("languages.yaml")
    return dict(parse_data(file.read_text(encoding="utf-8")))


def _language(value: str) -> str:
    code = value.lower()
    names = _language_names()
    if code in names:
        return code
    by_name = {name.lower(): known for known, name in names.items()}
    alike = difflib.get_close_matches(code, by_name, n=1, cutoff=0.7)
    guess = by_name[alike[0]] if alike else next((known for known in names if code[:2] == known), None)
    hint = f"did you mean lang:{guess}?" if guess else "use a code of two letters, as lang:ru"
    raise BadValueError(f"{value} is not a language code", hint)


def _role(value: str) -> str:
    role = value.lower()
    if role in set(Role):
        return role
    alike = difflib.get_close_matches(role, [known.value for known in Role], n=1, cutoff=0.5)
    hint = f"did you mean role:{alike[0]}?" if alike else f"roles are {', '.join(Role)}"
    raise BadValueError(f"{value} is not a role", hint)


def _country(value: str) -> str:
    code = value.upper()
    if re.fullmatch(r"[A-Z]{2}", code) and (code in load_countries().words or code not in _countries_by_name()):
        return code
    meant = _countries_by_name().get(fold(value).text.upper())
    alike = difflib.get_close_matches(fold(value).text.upper(), _countries_by_name(), n=1, cutoff=0.75)
    guess = meant or (_countries_by_name()[alike[0]] if alike else None)
    hint = f"did you mean country:{guess}?" if guess else "use two letters, as country:RU (or EU, UN, NA for NATO)"
    raise BadValueError(f"{value} is not a country code", hint)


@cache
def _countries_by_name() -> dict[str, str]:
    """The code by every name in every language, so that country:Россия can be corrected."""
    return {
        fold(name.replace("~", "")).text.upper(): code
        for code, languages in load_countries().words.items()
        for words in languages.values()
        for name in words.names
    }


def main_language(language: str | None) -> str | None:
    """`zh` of `zh-Hans`."""
    return language.partition("-")[0].lower() if language else None
