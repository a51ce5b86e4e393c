"""The templates, made ready for each language: escaping on, unknown names are errors, every text cleaned."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes
from jinja2.ext import InternationalizationExtension
from jinja2.visitor import NodeTransformer

from alerts import harmless
from config.redact import redact_url, redact_urls
from envoywatch import __version__
from envoywatch.web import alert_words, charts, phrases, present, times
from envoywatch.web.languages import cleaned
from envoywatch.web.terms import term
from storage import faults
from storage.health import in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup

    from envoywatch.web.languages import Language

HERE: Final = Path(__file__).resolve().parent

_FILTERS: Final[tuple[Callable[..., Any], ...]] = (
    charts.day_bars,
    charts.poll_bars,
    alert_words.detail_of,
    alert_words.title_of,
    phrases.counted,
    phrases.file_size,
    phrases.kept,
    phrases.options,
    phrases.spared,
    phrases.told,
    times.span,
    term,
)
_FUNCTIONS: Final[tuple[Callable[..., Any], ...]] = (
    phrases.compared,
    phrases.confirmation,
    phrases.reported,
    phrases.unconfirmed,
    times.ago,
    times.long_time,
    times.printed_day,
    times.short_time,
)
"""Of a language and a value; templates give the value."""


class _Folding(NodeTransformer):
    """Puts what has no placeholders into the compiled template in its language, so that it costs nothing later."""

    def __init__(self, language: Language) -> None:
        self._known: dict[str, Callable[..., Markup]] = {
            "_": language.gettext,
            "gettext": language.gettext,
            "pgettext": language.pgettext,
        }

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 (Jinja's name)
        """A call that gives the same text each time."""
        self.generic_visit(node)
        say = self._known.get(node.node.name) if isinstance(node.node, nodes.Name) else None
        if say is None or node.kwargs or not all(isinstance(one, nodes.Const) for one in node.args):
            return node
        return nodes.Const(say(*(one.as_const() for one in node.args)), lineno=node.lineno)


class _Environment(Environment):
    """Jinja's, which translates while it compiles."""

    language: Language
    newstyle_gettext: bool

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        _Folding(self.language).visit(source)
        return super()._generate(source, *args, **kwargs)


@cache
def templates(language: Language) -> Environment:
    """All templates in that language."""
    environment = _Environment(
        loader=FileSystemLoader(HERE / "templates"),
        extensions=[InternationalizationExtension],
        autoescape=True,
        undefined=StrictUndefined,
        finalize=cleaned,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.language = language
    environment.policies["ext.i18n.trimmed"] = True
    environment.newstyle_gettext = True  # our functions fill in what placeholders stand for, and escape it
    environment.filters.update(
        quoted=present.quoted,
        safe_link=harmless.link,
        one_line=harmless.one_line,
        lang=present.language_tag,
        iso=times.iso,
        in_words=in_words,
        redact_url=redact_url,
        redact_channel=present.redact_channel,
        coded=phrases.coded,
        sentence=present.sentence,
        redact_urls=redact_urls,
        people=" – ".join,
        path_part=partial(quote, safe=""),
        listed=language.listed,
        both=language.both,
        grouped=language.number,
        decimal=language.decimal,
    )
    environment.filters.update({one.__name__: partial(one, language) for one in _FILTERS})
    environment.globals.update({one.__name__: partial(one, language) for one in _FUNCTIONS})
    environment.globals.update(
        _=language.gettext,
        gettext=language.gettext,
        ngettext=language.ngettext,
        pgettext=language.pgettext,
        npgettext=language.npgettext,
        language=language,
        fault_text=faults.describe,
        version=__version__,
    )
    return environment
