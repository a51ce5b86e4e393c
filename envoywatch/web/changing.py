"""A change of the configuration by the page: shown as a diff, then saved and taken by the daemon."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from config.errors import ConfigError, EnvoywatchError, UsageError
from config.files import read_text
from envoywatch.changes import ChangedMeanwhileError, Draft, draft, save, version_of
from envoywatch.web.forms import is_refused
from envoywatch.web.languages import N_
from envoywatch.web.states import forget_states
from envoywatch.web.view import context_of, show

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from envoywatch.web.context import Tuning
    from envoywatch.web.forms import Faults, Form
    from envoywatch.web.tasks import Tasks


def tuning_of(request: Request) -> Tuning:
    """What changes need; a page that is only for reading answers 405."""
    tuning = context_of(request).tuning
    if tuning is None:
        raise HTTPException(405)
    return tuning


def tasks_of(request: Request) -> Tasks:
    """The work that goes on."""
    return cast("Tasks", request.app.state.tasks)


def file_version(path: Path) -> str:
    """Of the configuration file; empty when it cannot be read, which no file's version is."""
    try:
        return version_of(read_text(path))
    except ConfigError:
        return ""


def drafted(request: Request, change: Callable[[str], str]) -> Draft:
    """What the change would make of the file; blocks. Raises UsageError and ConfigError."""
    tuning = tuning_of(request)
    return draft(tuning.file, tuning.environ, change)


async def saved(request: Request, change: Callable[[str], str], version: str, *, wholly: bool = False) -> None:
    """Write the change, unless the file is of another version by now, and have the daemon take it (`wholly`: wait).

    Raises UsageError, ConfigError, ChangedMeanwhileError.
    """
    tuning = tuning_of(request)
    one = await run_in_threadpool(draft, tuning.file, tuning.environ, change)
    await run_in_threadpool(save, one, version)
    await tuning.taken(wholly=wholly)
    forget_states(request)


def kept_version(path: Path, form: Form | None, error: EnvoywatchError | None) -> str:
    """The version that a form goes on with: the one it was shown with, until somebody was told that it is another."""
    shown = form.get("version", "") if form is not None else ""
    return shown if shown and not isinstance(error, ChangedMeanwhileError) else file_version(path)


def same_version(request: Request, form: Form) -> None:
    """Raises ChangedMeanwhileError when the file is not any more what it was when the form was shown."""
    if form.get("version") != file_version(tuning_of(request).file):
        raise ChangedMeanwhileError(
            N_("the configuration file was changed by somebody else since this form was shown"),
            hint=N_("nothing was saved, and what you wrote is still here; go on if it should still be so"),
        )


def show_change(
    request: Request, one: Draft, form: Form, faults: Faults, title: str, back: tuple[str, str]
) -> Response:
    """Ask whether the change is to be saved; the fields go with the question, and back into the form.

    `back` is the address that the answer is sent to, and the name of the list it belongs to.
    """
    lines = [_line(line) for line in one.difference.splitlines()[2:]]
    fields = [(name, value) for name, value in form.multi_items() if name not in {"do", "version"}]
    return show(
        request,
        "change.html",
        title=title,
        action=back[0],
        back="/" + back[0].split("/")[1],
        back_name=back[1],
        lines=lines,
        fields=fields,
        file_version=one.version,
        file=one.path,
        warnings=[fault for several in faults.values() for fault in several],
        changes=one.after != one.before,
    )


@dataclass(frozen=True, slots=True)
class ItemForm:
    """A form that describes one item of the configuration, from its fields to the file."""

    judged: Callable[[Request, Form], tuple[dict[str, Any], Faults]]
    """The item that the fields mean, and what is wrong with it."""
    change: Callable[[dict[str, Any]], Callable[[str], str]]
    """What writes the item into the text of the file."""
    page: Callable[..., Response]
    """The form once more; takes the request, the fields, `status`, `faults` and `error`."""
    saved_at: Callable[[str], str]
    """Where an item of this name is seen once it is saved."""
    back: tuple[str, str]
    title: str = ""
    """What the item is called before the change, if it has a name already."""
    wholly: bool = False
    """Whether what is saved is shown only once the daemon works by it."""


def ask_to_save(request: Request, form: Form, one: ItemForm) -> Response:
    """The change of the file, to be agreed to; blocks."""
    faults: Faults = {}
    try:
        item, faults = one.judged(request, form)
        if is_refused(faults):
            return one.page(request, form, status=400, faults=faults)
        same_version(request, form)
        change = drafted(request, one.change(item))
        return show_change(request, change, form, faults, one.title or str(item["name"]), one.back)
    except (UsageError, ConfigError) as error:
        return one.page(request, form, status=status_of(error), error=error, faults=faults)


async def save_item(request: Request, form: Form, one: ItemForm) -> Response:
    """Save what was agreed to and show it, or show the form again with what is wrong."""
    try:
        item, faults = await run_in_threadpool(one.judged, request, form)
        if not is_refused(faults):
            await saved(request, one.change(item), form.get("version", ""), wholly=one.wholly)
            return RedirectResponse(one.saved_at(item["name"]), status_code=303)
        page = partial(one.page, request, form, status=400, faults=faults)
    except EnvoywatchError as error:
        page = partial(one.page, request, form, status=status_of(error), error=error)
    return await run_in_threadpool(page)


def status_of(error: EnvoywatchError) -> int:
    """Of the answer to a change that could not be made."""
    return 409 if isinstance(error, ChangedMeanwhileError) else 400


_KINDS = {"+": "new", "-": "old", "@": "place"}


def _line(line: str) -> tuple[str, str]:
    """A line of a diff: what it is, and its words."""
    kind = _KINDS.get(line[:1], "same")
    return kind, "…" if kind == "place" else line[1:]
