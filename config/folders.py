"""A source's folder: names from the outermost to the innermost, written with slashes between them."""

from __future__ import annotations

import re
from functools import lru_cache

_PARTS = re.compile(r"((?:[^/\\]|\\.)*)(?:/|$)", re.DOTALL)


def split_folder(path: str) -> tuple[str, ...]:
    r"""The names of `Europe/Press \/ radio`, where a slash within a name is led by a backslash."""
    names = (re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL).strip() for found in _PARTS.finditer(path))
    return tuple(name for name in names if name)


def join_folder(names: tuple[str, ...]) -> str:
    """The inverse of `split_folder`; empty names are left out."""
    return "/".join(re.sub(r"([\\/])", r"\\\1", name.strip()) for name in names if name.strip())


@lru_cache  # many sources lie in few folders
def tidy_folder(path: str) -> str:
    """The same folder, written in the one way that `join_folder` has."""
    return join_folder(split_folder(path))
