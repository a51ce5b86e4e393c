"""The pages of the watches: what each yields, and the form in which it is tried, changed, muted and added."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from alerts.watches.query import parse_query, render_query
from config.edit import add_item, remove_item, replace_item
from config.errors import ConfigError, EnvoywatchError, UsageError
from config.model import Watch
from envoywatch.backtesting import backtest
from envoywatch.editing import parse_end, with_keys, written_moment
from envoywatch.trying import preview
from envoywatch.web.changing import (
    ItemForm,
    ask_to_save,
    drafted,
    same_version,
    save_item,
    saved,
    show_change,
    status_of,
    tasks_of,
    tuning_of,
)
from envoywatch.web.forms import Faults, FieldFault, Form, is_refused, read_fields, trouble_of
from envoywatch.web.view import context_of, language_of, read, show
from envoywatch.web.watch_form import KINDS
from envoywatch.web.watch_page import BACK_DAYS, address_of, configured, form_page, found_hit, judged, trial_values
from storage import views
from storage.database import open_reader

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from config.model import Config
    from envoywatch.backtesting import Trial
    from envoywatch.web.tasks import Task

_PART: Final = "x-part"
"""The header by which our script asks for a part of a page."""
_REMOVING: Final = "removing"
"""The field by which the question whether to save knows that it is about a removal."""


def watches(request: Request) -> Response:
    """What is watched and what each watch yields; with `?add` the form for a new one."""
    kind = request.query_params.get("add")
    if kind is not None:
        return form_page(request, None, Form([("kind", kind if kind in KINDS else "query")]))
    context = context_of(request)
    now = context.now()
    activity = {found.watch: found for found in read(request, lambda reader: views.watch_activity(reader, now))}
    return show(
        request,
        "watches.html",
        config=context.settings().config,
        activity=activity,
        done=request.query_params.get("done", ""),
        can_edit=context.tuning is not None,
    )


def watch(request: Request) -> Response:
    """One watch: its form, what it looks for, what it found lately, and the back-test that was begun."""
    name = _name(request)
    token = request.query_params.get("trial", "")
    task = tasks_of(request).find(token) if token else None
    if task is not None and _PART in request.headers:
        return show(request, "watch_trial.html", bare=True, **trial_values(task, token))
    form = task.about if task is not None and isinstance(task.about, Form) else None
    return form_page(request, name or None, form, task=task, token=token)


async def change(request: Request) -> Response:
    """Try, show, save, mute: what the buttons of a watch's page do."""
    name = _name(request)
    if name:
        configured(request, name)
    form = await read_fields(request)
    do = form.get("do", "")
    if _REMOVING in form:  # the answer to whether it is to be removed
        do = {"save": "removed", "edit": "kept"}.get(do, "")
    shown = _SHOWN | _SHOWN_OF_ONE if name else _SHOWN
    if do in shown:
        return await run_in_threadpool(shown[do], request, name, form)
    done = _DONE | _DONE_TO_ONE if name else _DONE
    if do in done:
        return await done[do](request, name, form)
    raise HTTPException(400)


def _name(request: Request) -> str:
    return str(request.path_params.get("name", ""))


# ---------------------------------------------------------------- trying


def _preview(request: Request, name: str, form: Form) -> Response:
    """What the watch as it stands in the form would match; only that part when our script asks."""
    # What is half written is no mistake yet: what is wrong with it is an answer like any other, and no refusal.
    try:
        item, faults = judged(request, name, form)
        values = _previewed(request, item, faults) | {"faults": faults}
        error: EnvoywatchError | None = None
    except (UsageError, ConfigError) as fault:
        values, error = {"faults": {}, "preview": None}, fault
    if _PART in request.headers:
        trouble = None if error is None else trouble_of(error)
        return show(request, "watch_preview.html", bare=True, trouble=trouble, **values)
    return form_page(request, name or None, form, error=error, **values)


def _previewed(request: Request, item: dict[str, Any], faults: Faults) -> dict[str, Any]:
    if is_refused(faults):
        return {"preview": None}
    tried = Watch.model_validate(item)
    if not tried.is_about_words:
        return {"preview": None, "is_meeting": True}
    context = context_of(request)
    found = read(request, lambda reader: preview(reader, tried, context.settings().config, context.now()))
    read_as = render_query(parse_query(tried.query)) if tried.query is not None else ""
    return {
        "preview": found,
        "hits": [found_hit(one) for one in found.found],
        "preview_as": "" if read_as == tried.query else read_as,
    }


async def _begin_trial(request: Request, name: str, form: Form) -> Response:
    """Begin a back-test of what stands in the form; the page that follows it has the form's fields, too."""
    try:
        item, faults = await run_in_threadpool(judged, request, name, form)
    except (UsageError, ConfigError) as error:
        return await run_in_threadpool(partial(form_page, request, name or None, form, status=409, error=error))
    if is_refused(faults):
        return await run_in_threadpool(partial(form_page, request, name or None, form, status=400, faults=faults))
    tried = Watch.model_validate(item | ({"name": name} if name else {}))  # what it found is kept under that name
    context = context_of(request)
    config = context.settings().config
    others = tuple(one for one in config.watches if one.name not in {name, tried.name})
    days = form.get("days", "")
    since = context.now() - timedelta(days=int(days)) if days in {str(one) for one in BACK_DAYS if one} else None
    work = partial(
        _replay,
        path=tuning_of(request).database,
        config=config.model_copy(update={"watches": (*others, tried)}),
        name=tried.name,
        since=since,
    )
    token = tasks_of(request).start(form, lambda task: asyncio.to_thread(work, task))
    return RedirectResponse(f"{address_of(name) if name else '/watches/'}?trial={token}#trial", status_code=303)


def _replay(task: Task, *, path: Any, config: Config, name: str, since: datetime | None) -> Trial:
    with closing(open_reader(path)) as connection:
        return backtest(connection, path, config, (name,), since, None, task.tell)


# ---------------------------------------------------------------- saving


def _change_of(name: str, item: dict[str, Any]) -> Any:
    if name:
        return lambda text: replace_item(text, "watches", name, item)
    return lambda text: add_item(text, "watches", item)


def _form_of(name: str) -> ItemForm:
    """The form of the watch of that name, or of a new one."""

    def judged_with_name(request: Request, form: Form) -> tuple[dict[str, Any], Faults]:
        item, faults = judged(request, name, form)
        if name and item.get("name") != name:
            faults.setdefault("name", []).append(_old_name(request, name))
        return item, faults

    return ItemForm(
        judged=judged_with_name,
        change=partial(_change_of, name),
        page=lambda request, form, **more: form_page(request, name or None, form, **more),
        saved_at=lambda saved_name: f"{address_of(saved_name)}?done=saved",
        back=(address_of(name), "Watches"),
        title=name,
    )


def _diff(request: Request, name: str, form: Form) -> Response:
    return ask_to_save(request, form, _form_of(name))


async def _save(request: Request, name: str, form: Form) -> Response:
    return await save_item(request, form, _form_of(name))


def _old_name(request: Request, name: str) -> FieldFault:
    """What a new name, or none, does to what is stored."""
    return FieldFault(
        language_of(request).gettext(
            "what %(name)s found, its alerts and their reviews stay under that name", name=repr(name)
        ),
        warning=True,
    )


def _removal(request: Request, name: str, form: Form) -> Response:
    """The file without the watch, to be agreed to."""
    try:
        same_version(request, form)
        one = drafted(request, lambda text: remove_item(text, "watches", name))
    except (UsageError, ConfigError) as error:
        return form_page(request, name, None, status=status_of(error), error=error)
    asked = Form([(_REMOVING, "yes")])
    return show_change(request, one, asked, {"": [_old_name(request, name)]}, name, (address_of(name), "Watches"))


async def _remove(request: Request, name: str, form: Form) -> Response:
    try:
        await saved(request, lambda text: remove_item(text, "watches", name), form.get("version", ""))
    except EnvoywatchError as error:
        return await run_in_threadpool(partial(form_page, request, name, None, status=status_of(error), error=error))
    return RedirectResponse("/watches?done=removed", status_code=303)


async def _mute(request: Request, name: str, form: Form) -> Response:
    """Keep the watch quiet for so long, or let it alert again."""
    try:
        until = None
        if form["do"] == "mute":
            until = written_moment(parse_end(form.get("until", ""), context_of(request).now()))
        await saved(request, lambda text: with_keys(text, "watches", name, {"mute": until}), form.get("version", ""))
    except EnvoywatchError as error:
        return await run_in_threadpool(partial(form_page, request, name, None, status=status_of(error), error=error))
    return RedirectResponse(f"{address_of(name)}?done={form['do']}d", status_code=303)


# ---------------------------------------------------------------- the buttons


def _edit(request: Request, name: str, form: Form) -> Response:
    return form_page(request, name or None, form)


def _kept(_request: Request, name: str, _form: Form) -> Response:
    return RedirectResponse(address_of(name), status_code=303)


_SHOWN: Final = {"preview": _preview, "diff": _diff, "edit": _edit}
_SHOWN_OF_ONE: Final = {"remove": _removal, "kept": _kept}
"""Of a configured watch alone."""
_DONE: Final = {"backtest": _begin_trial, "save": _save}
_DONE_TO_ONE: Final = {"removed": _remove, "mute": _mute, "unmute": _mute}
