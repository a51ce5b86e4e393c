"""The page of one watch: its form, what it looks for, what it found lately, and the back-test that was begun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from starlette.exceptions import HTTPException

from alerts.watches.query import parse_query, render_query
from config.errors import ConfigError, EnvoywatchError, UsageError
from config.vocabulary import Level, Role, Status, Urgency
from envoywatch.backtesting import most_changed
from envoywatch.changes import written_item
from envoywatch.editing import judge_watch
from envoywatch.searching import Found, names_of
from envoywatch.snippets import marked_title, snippet
from envoywatch.suggesting import suggest
from envoywatch.watch_forms import word_forms, written_forms
from envoywatch.web.changing import kept_version, tuning_of
from envoywatch.web.context import SearchHit
from envoywatch.web.forms import Faults, Form, faults_of, trouble_of
from envoywatch.web.languages import N_
from envoywatch.web.phrases import options
from envoywatch.web.terms import options_of
from envoywatch.web.view import context_of, language_of, read, show
from envoywatch.web.watch_form import KINDS, PLACES, form_of, item_of
from storage import views
from storage.model import Field
from storage.views_watches import list_matches

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from config.model import Config, Watch
    from envoywatch.web.languages import Language
    from envoywatch.web.tasks import Task
    from storage.model import Span
    from storage.views_watches import WatchMatch

BACK_DAYS: Final = {7: N_("7 days"), 30: N_("30 days"), 365: N_("a year"), 0: N_("everything")}
"""How far a back-test looks back."""
_SUGGESTED: Final = 12


def configured(request: Request, name: str) -> Watch:
    """The watch in force; 404 when there is none of that name."""
    found = next((one for one in context_of(request).settings().config.watches if one.name == name), None)
    if found is None:
        raise HTTPException(404)
    return found


def _written(request: Request, name: str) -> dict[str, Any]:
    """The watch as it stands in the file now; raises UsageError and ConfigError."""
    return written_item(tuning_of(request).file, "watches", name)[0]


def judged(request: Request, name: str, form: Form) -> tuple[dict[str, Any], Faults]:
    """The item that the form means, and what is wrong with it."""
    item = item_of(form, _written(request, name) if name else {})
    found = judge_watch(context_of(request).settings().config, item, replacing=name or None)
    query = item.get("query")
    return item, faults_of(found, PLACES, query if isinstance(query, str) else None)


def address_of(name: str) -> str:
    """Where the page of a watch is; of the list for no name."""
    return f"/watches/{quote(name, safe='')}" if name else "/watches"


def form_page(
    request: Request,
    name: str | None,
    form: Form | None = None,
    *,
    status: int = 200,
    error: EnvoywatchError | None = None,
    **more: Any,
) -> Response:
    """The page of a watch, or of a new one, with the fields as they were sent or else as the file has them."""
    context = context_of(request)
    config = context.settings().config
    found = configured(request, name) if name else None
    version = ""
    if context.tuning is not None:
        version = kept_version(context.tuning.file, form, error)
        if form is None and name:
            try:
                form = form_of(_written(request, name))
            except (UsageError, ConfigError) as trouble:
                error = error or trouble
    values: dict[str, Any] = {
        "faults": {},
        "preview": None,
        "task": None,
        "token": "",
        "kinds": KINDS,
        **_options(language_of(request), config),
        "back_days": BACK_DAYS,
    }
    values |= _known_of(request, found, config) if found is not None else {"watch": None}
    values |= trial_values(more.get("task"), more.get("token", "")) | more
    return show(
        request,
        "watch.html",
        status=status,
        name=name or "",
        config=config,
        form=form,
        file_version=version,
        action=address_of(name or ""),
        trouble=None if error is None else trouble_of(error),
        done=request.query_params.get("done", "") if request.method == "GET" else "",
        **values,
    )


def _options(say: Language, config: Config) -> dict[str, Any]:
    """What can be chosen in the form, each with its words."""
    return {
        "level_options": [("", say.pgettext("level of a meeting", "any")), *options_of(say, Level)],
        "status_options": options_of(say, Status),
        "role_options": options_of(say, Role),
        "urgency_options": [("", say.pgettext("urgency", "usual")), *options_of(say, Urgency)],
        "channel_options": [(name, name) for name in config.channels],
    }


def _known_of(request: Request, found: Watch, config: Config) -> dict[str, Any]:
    """What is shown of a watch beside its form."""
    now = context_of(request).now()
    wants_suggestions = "suggest" in request.query_params and found.query is not None

    def work(reader: views.Reader) -> dict[str, Any]:
        return {
            "activity": {one.watch: one for one in views.watch_activity(reader, now)}.get(found.name),
            "matches": [_hit_of(one) for one in list_matches(reader, found.name)],
            "suggestions": suggest(reader, config, found.query or "", _SUGGESTED) if wants_suggestions else None,
        }

    weights = dict(found.score.terms) if found.score is not None else {}
    texts = [*weights, *([found.query] if found.query is not None else [])]
    queries = [parse_query(text) for text in texts]
    return {
        "watch": found,
        "options": options(language_of(request), found),
        "is_muted": found.mute is not None and found.mute > now,
        "read_as": [(weights.get(text), render_query(query)) for text, query in zip(texts, queries, strict=True)],
        "people": written_forms(queries, names_of(config)) if queries else {},
        "words_found": word_forms(queries),
    } | read(request, work)


def _hit_of(one: WatchMatch) -> SearchHit:
    return _hit(one.article, one.title, one.text, one.spans)


def _hit(line: views.ArticleLine, title: str, text: str, spans: tuple[Span, ...]) -> SearchHit:
    in_text = any(span.field is Field.TEXT for span in spans)
    return SearchHit(
        line, marked_title(title, spans, line.language), snippet(text, spans, line.language) if in_text else None
    )


def found_hit(found: Found) -> SearchHit:
    """An article that a watch found when tried, as the page shows it."""
    return _hit(found.article.line, found.article.line.title, found.article.text, found.match.spans)


def trial_values(task: Task | None, token: str) -> dict[str, Any]:
    """What the page shows of a back-test, while it goes on and when it is done."""
    trial = task.result if task is not None else None
    return {
        "task": task,
        "token": token,
        "trial": trial,
        "one": trial.watches[0] if trial is not None else None,
        "most_changed": most_changed,
        "trial_trouble": trouble_of(task.fault) if task is not None and task.fault is not None else None,
    }
