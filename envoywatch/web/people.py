"""The pages of the people: who is known, their offices and written forms, and adding one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from alerts.names import NameForms
from config.edit import add_item
from config.errors import EnvoywatchError, UsageError
from config.people import load_people
from config.vocabulary import Level
from envoywatch.editing import form_items, judge_person, office_item
from envoywatch.web.changing import ItemForm, ask_to_save, kept_version, save_item, tuning_of
from envoywatch.web.forms import Faults, FieldFault, Form, faults_of, lines_of, read_fields, trouble_of
from envoywatch.web.languages import N_
from envoywatch.web.terms import options_of
from envoywatch.web.view import context_of, language_of, read, show
from storage import views

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_SHOWN: Final = 40
_PLACES: Final[dict[tuple[str, ...], str]] = {("name",): "name", ("forms",): "forms", ("offices",): "title"} | {
    ("offices", "0", key): key for key in ("title", "country", "level", "from", "until")
}


def people(request: Request) -> Response:
    """Who is known, by the configuration and by the ledger; `?q` looks people up, `?name` shows one, `?add` adds."""
    return _page(request, Form([("name", request.query_params["add"])]) if "add" in request.query_params else None)


async def change(request: Request) -> Response:
    """Show the change that adds a person, save it."""
    tuning_of(request)
    form = await read_fields(request)
    match form.get("do"):
        case "diff":
            return await run_in_threadpool(ask_to_save, request, form, _ADDING)
        case "save":
            return await save_item(request, form, _ADDING)
        case "edit":
            return await run_in_threadpool(_page, request, form)
    raise HTTPException(400)


def _page(
    request: Request,
    form: Form | None = None,
    *,
    status: int = 200,
    error: EnvoywatchError | None = None,
    faults: Faults | None = None,
) -> Response:
    context = context_of(request)
    config = context.settings().config
    today = context.now().date()
    known = load_people(config.people, config.groups)
    query = request.query_params.get("q", "").strip()
    name = request.query_params.get("name", "")
    person = known.find(name) if name else None
    if name and person is None:
        raise HTTPException(404)
    found: list[Any] = []
    if query:
        exact = known.find(query)
        wanted = query.removeprefix("@").casefold()
        found = [one for one in known if one is exact or wanted in one.label.casefold() or wanted in one.slug]
        told = {one.slug for one in found}
        found += [one for one in known if one.slug not in told and _is_written(one.forms, wanted)]
    forms = NameForms(known).forms_of(person.label) if person is not None else {}
    version = "" if context.tuning is None else kept_version(context.tuning.file, form, error)
    return show(
        request,
        "people.html",
        status=status,
        config=config,
        activity=read(request, views.people_activity),
        query=query,
        found=found[:_SHOWN],
        more=max(0, len(found) - _SHOWN),
        person=person,
        name_forms={language: list(dict.fromkeys(all_)) for language, all_ in forms.items() if all_},
        today=today,
        total=sum(1 for _ in known),
        form=form if context.tuning is not None else None,
        faults=faults or {},
        file_version=version,
        trouble=None if error is None else trouble_of(error),
        level_options=[("", "–"), *options_of(language_of(request), Level)],
        can_edit=context.tuning is not None,
        done=request.query_params.get("done", ""),
    )


def _is_written(forms: Any, wanted: str) -> bool:
    return any(wanted in form.casefold() for several in forms.values() for form in several)


def _judged(request: Request, form: Form) -> tuple[dict[str, Any], Faults]:
    item: dict[str, Any] = {"name": " ".join(form.get("name", "").split())}
    faults: Faults = {}
    given: dict[str, Any] = {key: form.get(key, "").strip() for key in ("title", "country", "level", "from", "until")}
    given["country"] = given["country"].upper()
    try:
        if office := office_item({**given, "envoy": "envoy" in form}):
            item["offices"] = [office]
    except UsageError:
        faults["title"] = [FieldFault(N_("an office needs a title and a level"))]
    try:
        if forms := form_items(tuple(lines_of(form.get("forms", "")))):
            item["forms"] = forms
    except UsageError as error:
        faults["forms"] = [FieldFault(str(error), error.hint)]
    if not faults:
        faults = faults_of(judge_person(context_of(request).settings().config, item), _PLACES)
    return item, faults


_ADDING: Final = ItemForm(
    judged=_judged,
    change=lambda item: lambda text: add_item(text, "people", item),
    page=_page,
    saved_at=lambda name: f"/people?name={quote(name, safe='')}&done=saved",
    back=("/people", "People"),
)
