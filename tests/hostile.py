"""The one corpus of hostile texts (data/hostile.yaml), and what no text may be or hold once it has come out."""

import re
from html.parser import HTMLParser
from pathlib import Path

from ruamel.yaml import YAML

_GROUPS = YAML(typ="safe").load(Path(__file__).parent.joinpath("data", "hostile.yaml").read_text(encoding="utf-8"))
HALF_A_PAIR = "\ud83d half a pair \udc00"
"""The one that no file in UTF-8 can hold."""
HOSTILE = [text for texts in _GROUPS.values() for text in texts] + [HALF_A_PAIR]
AT_THE_START = [*_GROUPS["markdown"], *_GROUPS["formulas"]]
"""Those that do harm at the start of a line or a cell."""

ACTING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]|\r(?!\n)"
)
"""Controls but tabs and ends of lines, what turns the direction, marks, tags and halves of pairs."""
CALLS = re.compile(r"@(?:everyone|here|channel|all|room|group)\b|<[!@#]", re.IGNORECASE)


def values(found):
    """Every text within what JSON holds."""
    if isinstance(found, dict):
        return [text for one in found.values() for text in values(one)]
    if isinstance(found, list):
        return [text for one in found for text in values(one)]
    return [found] if isinstance(found, str) else []


class Tags(HTMLParser):
    """The tags of a piece of HTML, with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
