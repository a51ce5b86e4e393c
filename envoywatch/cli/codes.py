"""Options that take the code of a language or a country: a name in its place is corrected, not looked for in vain."""

from __future__ import annotations

from typing import Any

import click


class Code(click.ParamType[str]):
    """A code as `lang:` and `country:` of a query take it; of a language a script may follow, as in zh-Hant."""

    def __init__(self, condition: str) -> None:
        self.name = condition

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The code in its normal form."""
        from alerts.watches.conditions import BadValueError, parse_value  # noqa: PLC0415 (YAML is heavy)
        from alerts.watches.nodes import Condition  # noqa: PLC0415 (likewise)

        code, dash, rest = str(value).partition("-")
        try:
            return parse_value(Condition(self.name), code) + dash + rest
        except BadValueError as error:
            self.fail(f"{error}; {error.hint.replace(f'{self.name}:', '')}", param, ctx)


LANGUAGE, COUNTRY = Code("lang"), Code("country")
