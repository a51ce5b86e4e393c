"""The pages of the sources: their health, asking one now, trying it, pausing it, and adding one by its address."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from config.edit import add_item
from config.errors import EnvoywatchError, UsageError
from config.model import Source
from config.vocabulary import Role
from crawler.discovery import chain_of
from envoywatch.editing import free_source_name, judge_source, with_keys
from envoywatch.web.changing import (
    ItemForm,
    ask_to_save,
    kept_version,
    save_item,
    saved,
    status_of,
    tasks_of,
    tuning_of,
)
from envoywatch.web.forms import Faults, Form, faults_of, read_fields, trouble_of
from envoywatch.web.languages import N_
from envoywatch.web.negotiation import wants_json
from envoywatch.web.states import find_states, states_of
from envoywatch.web.terms import options_of
from envoywatch.web.view import context_of, language_of, number, path_id, read, show
from storage import views
from storage.losses import find_outage

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from crawler.discovery import Discovered
    from envoywatch.source_trial import Trial
    from envoywatch.web.tasks import Task
    from storage.health import Outage
    from storage.views import Reader, SourceHealth

_PAGE: Final = 50
_POLLS: Final = 24
"""The last polls of each source in the list; its own page has more."""
_PLACES: Final[dict[tuple[str, ...], str]] = {
    ("name",): "name",
    ("language",): "language",
    ("country",): "country",
    ("role",): "role",
    ("interval",): "interval",
    ("endpoints",): "endpoint",
}
_PART: Final = "x-part"


def sources(request: Request) -> Response:
    """Every source with its health, those that need a person first; with `?look` what was found at an address."""
    if "look" in request.query_params:
        return _found(request)
    return _list(request)


def _list(request: Request, *, status: int = 200, error: EnvoywatchError | None = None, url: str = "") -> Response:
    context = context_of(request)
    now = context.now()
    in_full = wants_json(request.headers.get("accept", ""))
    states = states_of(request) if in_full else find_states(request)
    page = number(request, "page") or 1
    judged = () if states is None else states.ids
    pages = max(1, -(-len(judged) // _PAGE))
    if states is not None and page > pages:
        raise HTTPException(404)
    ids = judged[(page - 1) * _PAGE : page * _PAGE]

    def work(reader: Reader) -> tuple[tuple[SourceHealth, ...], Outage | None]:
        return views.sources_of(reader, ids, now, polls=_POLLS), find_outage(reader)

    found, outage = read(request, work)
    return show(
        request,
        "sources.html",
        status=status,
        sources=found,
        total=len(judged),
        is_judging=states is None,
        outage=outage,
        counts={} if states is None else states.counts,
        page=page,
        pages=pages,
        can_edit=context.tuning is not None,
        trouble=None if error is None else trouble_of(error),
        url=url,
        done=request.query_params.get("done", ""),
    )


def source(request: Request) -> Response:
    """One source: its endpoints, its present fault, its last polls, and the trial that was begun."""
    return _source(request)


def _source(request: Request, *, status: int = 200, error: EnvoywatchError | None = None) -> Response:
    context = context_of(request)
    wanted = path_id(request)
    token = request.query_params.get("test", "")
    task = tasks_of(request).find(token) if token else None
    if _PART in request.headers and task is not None:
        return show(request, "source_trial.html", bare=True, **_trial_values(task, token))
    found = read(request, lambda reader: views.get_source(reader, wanted, context.now()))
    configured = next((one for one in context.settings().config.sources if one.name == found.name), None)
    version = "" if context.tuning is None else kept_version(context.tuning.file, None, None)
    return show(
        request,
        "source.html",
        status=status,
        source=found,
        can_edit=context.tuning is not None and configured is not None,
        paused=configured is not None and configured.paused,
        file_version=version,
        trouble=None if error is None else trouble_of(error),
        done=request.query_params.get("done", "") if request.method == "GET" else "",
        **_trial_values(task, token),
    )


def _trial_values(task: Task | None, token: str) -> dict[str, Any]:
    fault = task.fault if task is not None else None
    return {
        "task": task,
        "token": token,
        "trial": task.result if task is not None else None,
        "trial_trouble": None if fault is None else trouble_of(fault),
    }


# ---------------------------------------------------------------- one source


async def change(request: Request) -> Response:
    """Poll now, try, pause, resume."""
    tuning = tuning_of(request)
    wanted = path_id(request)
    form = await read_fields(request)
    now = context_of(request).now()
    found = await run_in_threadpool(read, request, lambda reader: views.get_source(reader, wanted, now))
    configured = next((one for one in context_of(request).settings().config.sources if one.name == found.name), None)
    if configured is None:
        raise HTTPException(404)
    here = f"/sources/{wanted}"
    match form.get("do"):
        case "poll":
            polled = await tuning.poll(found.name)
            ended = "polling" if polled is None else "polled" if polled else "busy"
            return RedirectResponse(f"{here}?done={ended}", status_code=303)
        case "test":
            token = tasks_of(request).start(None, lambda _: tuning.try_source(configured))
            return RedirectResponse(f"{here}?test={token}#trial", status_code=303)
        case "pause" | "resume" as what:
            paused = True if what == "pause" else None
            try:
                await saved(
                    request,
                    lambda text: with_keys(text, "sources", found.name, {"paused": paused}),
                    form.get("version", ""),
                    wholly=True,
                )
            except EnvoywatchError as error:
                return await run_in_threadpool(partial(_source, request, status=status_of(error), error=error))
            return RedirectResponse(f"{here}?done={'paused' if paused else 'resumed'}", status_code=303)
    raise HTTPException(400)


# ---------------------------------------------------------------- a new source


async def add(request: Request) -> Response:
    """Look what there is at an address, show the change, save it."""
    form = await read_fields(request)
    match form.get("do"):
        case "look":
            return await _look(request, form.get("url", "").strip())
        case "diff":
            return await run_in_threadpool(ask_to_save, request, form, _ADDING)
        case "save":
            return await save_item(request, form, _ADDING)
        case "edit":
            return await run_in_threadpool(_found, request, form)
    raise HTTPException(400)


async def _look(request: Request, url: str) -> Response:
    tuning = tuning_of(request)
    if not url:
        error = UsageError(
            N_("there is no address to look at"), hint=N_("write the address of a site, a page or a feed")
        )
        return await run_in_threadpool(partial(_list, request, status=400, error=error))
    config = context_of(request).settings().config

    async def work(task: Task) -> tuple[tuple[Discovered, ...], list[Discovered], Trial]:
        task.tell(1, 3)
        found = await tuning.discover(url)
        task.tell(2, 3)
        chain = chain_of(found.addresses, url)
        best = Source.model_validate({"name": "new", "endpoints": [_endpoint(chain[0])]})
        return found.addresses, chain, await tuning.try_source(best.model_copy(update={"name": config_name(chain[0])}))

    def config_name(best: Discovered) -> str:
        return free_source_name(config, best.title, best.url)

    token = tasks_of(request).start(url, work)
    return RedirectResponse(f"/sources?look={token}", status_code=303)


def _endpoint(one: Discovered) -> dict[str, str]:
    return {one.kind.value: one.url} | ({"links": one.links} if one.links else {})


def _found(
    request: Request,
    form: Form | None = None,
    *,
    status: int = 200,
    error: EnvoywatchError | None = None,
    faults: Faults | None = None,
) -> Response:
    """How far the look is, or what was found and would be read, with the form of the new source."""
    token = request.query_params.get("look", "") if form is None else form.get("look", "")
    task = tasks_of(request).find(token)
    if task is None:
        gone = UsageError(N_("what was found is forgotten by now"), hint=N_("look at the address once more"))
        return _list(request, status=404, error=error or gone)
    if task.fault is not None:
        return _list(request, status=200, error=task.fault, url=str(task.about))
    values: dict[str, Any] = {"task": task, "token": token, "url": task.about, "rows": ()}
    if task.result is not None:
        addresses, chain, trial = task.result
        values["rows"] = [(one, json.dumps(_endpoint(one), ensure_ascii=False), one in chain) for one in addresses]
        values["trial"] = trial
        if form is None:
            form = Form([("name", trial.name), *(("endpoint", value) for _, value, used in values["rows"] if used)])
            if trial.text is not None and trial.text.language:
                form = Form([*form.multi_items(), ("language", trial.text.language)])
    template = "source_look.html" if _PART in request.headers else "source_new.html"
    return show(
        request,
        template,
        status=status,
        bare=_PART in request.headers,
        form=form,
        file_version=kept_version(tuning_of(request).file, form, error),
        faults=faults or {},
        trouble=None if error is None else trouble_of(error),
        role_options=options_of(language_of(request), Role),
        **values,
    )


def _judged(request: Request, form: Form) -> tuple[dict[str, Any], Faults]:
    item: dict[str, Any] = {"name": " ".join(form.get("name", "").split())}
    for name in ("language", "country", "role", "interval"):
        value = form.get(name, "").strip()
        if value and (name, value) != ("role", Role.MEDIA):
            item[name] = value.upper() if name == "country" else value
    try:
        item["endpoints"] = [json.loads(value) for value in form.getlist("endpoint")]
    except ValueError as error:
        raise HTTPException(400) from error
    return item, faults_of(judge_source(context_of(request).settings().config, item), _PLACES)


_ADDING: Final = ItemForm(
    judged=_judged,
    change=lambda item: lambda text: add_item(text, "sources", item),
    page=_found,
    saved_at=lambda name: f"/sources?done={quote(name, safe='')}",
    back=("/sources", "Sources"),
    wholly=True,
)
