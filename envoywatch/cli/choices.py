"""Options and arguments that take one of a few words: a word that is none of them is answered with the nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class OneOf(click.Choice[Any]):
    """click's choice, with a suggestion."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """What the word may be, and what was probably meant."""
        told = super().get_invalid_choice_message(value, ctx).removesuffix(".")
        near = nearest(str(value), self._normalized_mapping(ctx).values())
        return f"{told}; did you mean {' or '.join(near)}?" if near else told


def nearest(word: str, known: Iterable[str]) -> Sequence[str]:
    """Those that have it as a part of theirs (`wrong` of `wrong-status`); else the one that is spelled most like it."""
    from difflib import get_close_matches  # noqa: PLC0415 (only after a mistake)

    folded = {name.casefold(): name for name in known}
    word = word.casefold().replace("_", "-")
    parts = [name for fold, name in folded.items() if word in fold.replace("_", "-").split("-")]
    return parts or [folded[near] for near in get_close_matches(word, folded, n=1)]
