"""Reading the project's own YAML data: words, names, places. Quick, and without positions."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError


def parse_data(text: str) -> Any:
    """Plain lists, dicts and scalars, as YAML 1.2 has them.

    The C parser is tried first where it is installed: seven times as fast, and every command reads some 200 kB of
    data. What it refuses (it is stricter about colons) the whole one judges; raises ruamel's MarkedYAMLError.
    """
    try:
        return YAML(typ="safe").load(text)
    except MarkedYAMLError:
        return YAML(typ="safe", pure=True).load(text)
