"""Characters that are read as others, from files of pairs: traditional Chinese as simplified."""

from __future__ import annotations

from functools import cache
from importlib import resources

TRADITIONAL = "traditional.txt"


@cache
def load_variants(name: str) -> dict[int, str]:
    """The characters of one file of variants and what each is read as, for `str.translate`."""
    text = resources.files("config").joinpath(f"lexicon/{name}").read_text(encoding="utf-8")
    pairs = {ord(pair[0]): pair[1] for line in text.splitlines() if not line.startswith("#") for pair in line.split()}
    return {code: pairs.get(ord(character), character) for code, character in pairs.items()}
