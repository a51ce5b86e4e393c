"""Whether a request asks for a page or for the same as JSON, and how much it likes what it names; pure."""

from __future__ import annotations

from typing import Final

_JSON: Final = frozenset({"application/json", "application/*"})
_HTML: Final = frozenset({"text/html", "application/xhtml+xml", "text/*"})


def wants_json(accept: str) -> bool:
    """JSON is named, and no page is liked as much; a browser, and who takes anything, gets the page."""
    json = html = 0.0
    for part in accept.lower().split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        weight = weight_of(parameters)
        if kind in _JSON:
            json = max(json, weight)
        elif kind in _HTML:
            html = max(html, weight)
    return json > html


def weight_of(parameters: list[str]) -> float:
    """The `q` among the parameters of what is asked for; 1 without one, 0 for one that is no number."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
