"""Which detector read an article: when it is still the same, its claims need not be read again."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from importlib import resources
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from importlib.resources.abc import Traversable

    from config.model import PersonEntry

_NAMES: Final = (
    "names.py",
    "noun_phrases.py",
    "offices_in_context.py",
    "pieces.py",
    "resolver.py",
    "sentences.py",
    "text.py",
)
"""What the detector has of the modules beside its own."""
_DATA: Final = (
    "lexicon",
    "people",
    "countries.yaml",
    "offices.yaml",
    "organisations.yaml",
    "places.yaml",
    "unnamed.yaml",
)
_BYTES: Final = 6


def detector_version(people: Sequence[PersonEntry] = ()) -> int:
    """A number that changes with the detector's code, its data and the people of the configuration."""
    digest = blake2b(_built_in(), digest_size=_BYTES)
    for entry in people:
        digest.update(entry.model_dump_json().encode())
    return int.from_bytes(digest.digest(), "big")


@cache
def _built_in() -> bytes:
    alerts, data = resources.files("alerts"), resources.files("config")
    digest = blake2b(digest_size=_BYTES)
    for one in (alerts / "meetings", *(alerts / name for name in _NAMES), *(data / name for name in _DATA)):
        for file in _files(one):
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.digest()


def _files(one: Traversable) -> Iterable[Traversable]:
    if one.is_file():
        return (one,)
    inside = sorted(one.iterdir(), key=lambda file: file.name)
    return (file for file in inside if file.is_file() and file.name.endswith((".py", ".yaml")))
