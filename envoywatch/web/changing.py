"""A change of the configuration by the page: shown as a diff, then saved and taken by the daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from config.errors import ConfigError
from config.files import read_text
from envoywatch.changes import ChangedMeanwhileError, Draft, draft, save, version_of
from envoywatch.web.states import forget_states
from envoywatch.web.view import context_of, show

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from config.errors import EnvoywatchError
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
            "the configuration file was changed by somebody else since this form was shown",
            hint="nothing was saved, and what you wrote is still here; go on if it should still be so",
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


_KINDS = {"+": "new", "-": "old", "@": "place"}


def _line(line: str) -> tuple[str, str]:
    """A line of a diff: what it is, and its words."""
    kind = _KINDS.get(line[:1], "same")
    return kind, "…" if kind == "place" else line[1:]
