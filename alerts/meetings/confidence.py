"""How sure a claim is: how often its rule was right on labelled articles."""

from __future__ import annotations

from functools import cache
from importlib import resources

from config.data_yaml import parse_data

_WEIGHT = 5
"""So many claims of the common run are put to a rule's own: one that decided three times proves little."""


@cache
def confidence_of(rule: str) -> float:
    """Between 0 and 1, by `config/lexicon/confidence.yaml`; a rule that was never counted has the mean of all."""
    counts = _counts()
    mean = sum(right for right, _ in counts.values()) / sum(of for _, of in counts.values())
    own_right, own = counts.get(rule, (0, 0))
    share: float = (own_right + mean * _WEIGHT) / (own + _WEIGHT)
    return round(share, 2)


@cache
def _counts() -> dict[str, tuple[int, int]]:
    text = resources.files("config").joinpath("lexicon/confidence.yaml").read_text(encoding="utf-8")
    return {rule: (right, of) for rule, (right, of) in parse_data(text).items()}
