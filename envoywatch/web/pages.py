"""The pages about what happened: Today, alerts, meetings, articles."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.exceptions import HTTPException

from config.vocabulary import Status
from envoywatch.itineraries import itineraries
from envoywatch.web import charts, digest, present
from envoywatch.web.negotiation import wants_json
from envoywatch.web.view import context_of, language_of, number, path_id, read, show
from envoywatch.why import said_then
from storage import views

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from alerts.itinerary import Trip
    from storage.model import Meeting, Span
    from storage.views import AlertLine, Reader

SPANS = (1, 3, 7, 30)
"""How far back Today can look, in days."""

STORY_SOURCES = (1, 2, 3, 5)
"""How many sources a listed story has at least."""

_PAGE = 50
_TODAY = 50
"""The most alerts, changed meetings, and matches of each watch that Today shows; the rest is a link away."""
_UNSEEN = 30
_COPIES = 40
_DEEPEST = 100_000
_MEETINGS = 100
"""On one page: more is no picture any more."""
_UNDO_FOR = timedelta(minutes=15)
"""What was just reviewed stays in the list of what is to review, so that it can be undone there."""


def today(request: Request) -> Response:
    """The digest to review."""
    context = context_of(request)
    days = number(request, "days") or 1
    if days not in SPANS:
        raise HTTPException(400)
    until = context.now()
    since = until - timedelta(days=days)
    # Half open: what was recorded at this very moment belongs to it too.
    end = until + timedelta(seconds=1)
    if wants_json(request.headers.get("accept", "")):
        return _alerts_alone(request, days, since, end)

    def work(reader: Reader) -> tuple[views.DigestFacts, tuple[int, int], bool, int]:
        facts = views.digest_facts(reader, since, end, most=_TODAY, listed=_UNSEEN)
        earlier = views.list_alerts(reader, until=since, limit=1)
        return facts, views.count_alerts(reader, since, end), bool(earlier), views.newest_alert(reader)

    facts, (told, to_review), has_earlier, newest = read(request, work)
    return show(
        request,
        "today.html",
        days=days,
        spans=SPANS,
        facts=facts,
        told=told,
        to_review=to_review,
        meetings=digest.by_meeting(facts),
        others=digest.other_alerts(facts),
        has_earlier=has_earlier,
        newest=newest,
    )


def _alerts_alone(request: Request, days: int, since: datetime, end: datetime) -> Response:
    """What a machine is given of Today."""

    def work(reader: Reader) -> tuple[tuple[AlertLine, ...], int]:
        news, overdue = views.digest_alerts(reader, since, end, most=_TODAY)
        return news + overdue, views.newest_alert(reader)

    found, newest = read(request, work)
    return show(request, "today.html", days=days, alerts=found, newest=newest)


def alerts(request: Request) -> Response:
    """All alerts, or those nobody has reviewed, newest first, a page at a time."""
    before = number(request, "before")
    to_review = request.query_params.get("review") == "open"
    hide = context_of(request).now() - _UNDO_FOR if to_review else None
    found = read(
        request, lambda reader: views.list_alerts(reader, limit=_PAGE + 1, before=before, hide_reviewed_before=hide)
    )
    return show(
        request, "alerts.html", alerts=found[:_PAGE], before=_next(found), first=before is None, to_review=to_review
    )


def _next(found: tuple[AlertLine, ...]) -> int | None:
    return found[_PAGE - 1].id if len(found) > _PAGE else None


def alert(request: Request) -> Response:
    """One alert with everything it rests on."""
    view = read(request, lambda reader: views.get_alert(reader, path_id(request)))
    said = said_then(context_of(request).settings().config, view.alert.watch_revision)
    return show(request, "alert.html", view=view, alert=view.alert, said_then=said)


def meetings(request: Request) -> Response:
    """The ledger as a picture and as a list."""
    person = request.query_params.get("person") or None
    with_person = request.query_params.get("with") or None
    status = request.query_params.get("status") or None
    if status is not None and status not in list(Status):
        raise HTTPException(400)
    chosen = None if status is None else Status(status)
    skip = number(request, "skip") or 0
    if skip > _DEEPEST:
        raise HTTPException(400)
    wanted = partial(
        views.list_meetings, person=person, other=with_person, status=chosen, limit=_MEETINGS + 1, skip=skip
    )
    found = read(request, wanted)
    more = skip + _MEETINGS if len(found) > _MEETINGS else None
    found = found[:_MEETINGS]
    asked = {"person": person, "with": with_person, "status": status, "skip": more}
    return show(
        request,
        "meetings.html",
        meetings=found,
        timeline=charts.timeline(language_of(request), found),
        matrix=charts.matrix(found),
        person=person,
        with_person=with_person,
        wanted=chosen,
        statuses=tuple(Status),
        more=more,
        earlier="/meetings?" + urlencode({name: value for name, value in asked.items() if value is not None}),
        first=not skip,
    )


def trips(request: Request) -> Response:
    """A person's journeys, stop by stop."""
    person = request.query_params.get("person") or None
    cut: list[Meeting] = []

    def work(reader: Reader) -> tuple[Trip, ...]:
        if person is None:
            return ()
        found = views.list_meetings(reader, person=person, limit=_MEETINGS + 1)
        cut.extend(found[_MEETINGS:])
        return itineraries(reader, (person,), found[:_MEETINGS])

    trips = read(request, work)
    return show(request, "trips.html", person=person, trips=trips, limit=_MEETINGS if cut else None)


def meeting(request: Request) -> Response:
    """One meeting: its history, the claims behind it, who reported it."""
    view = read(request, lambda reader: views.get_meeting(reader, path_id(request)))
    skip = number(request, "skip") or 0
    claims = view.claims[::-1][skip : skip + _PAGE]
    more = skip + _PAGE if len(view.claims) > skip + _PAGE else None
    return show(
        request,
        "meeting.html",
        view=view,
        meeting=view.meeting,
        claims=claims,
        reports=view.reports[:_PAGE],
        more=more,
    )


def stories(request: Request) -> Response:
    """What is told by several, the last told first."""
    sources, skip = number(request, "sources") or 1, number(request, "skip") or 0
    if sources not in STORY_SOURCES or skip > _DEEPEST:
        raise HTTPException(400)
    found = read(
        request,
        lambda reader: views.list_stories(reader, sources=sources if sources > 1 else None, limit=_PAGE + 1, skip=skip),
    )
    more = skip + _PAGE if len(found) > _PAGE else None
    return show(
        request,
        "stories.html",
        stories=found[:_PAGE],
        more=more,
        first=not skip,
        sources=sources,
        choices=STORY_SOURCES,
    )


def story(request: Request) -> Response:
    """One story: who told it when; one that was merged is shown as what it became part of."""
    skip = min(number(request, "skip") or 0, _DEEPEST)
    view = read(request, lambda reader: views.get_story(reader, path_id(request), limit=2 * _PAGE, skip=skip))
    return show(request, "story.html", view=view, story=view.line, later=skip + 2 * _PAGE)


def article(request: Request) -> Response:
    """One article with everything that was found in it and decided about it."""
    explanation = read(request, lambda reader: views.explain_article(reader, path_id(request), copies=_COPIES))
    view = explanation.article
    if view is None:
        raise HTTPException(404)
    # Of what a revision brought the spans lie in its text, not in the one shown.
    say = language_of(request)
    first = [match for match in view.matches if match.revision_id is None]
    spans: list[tuple[Span, str]] = [
        (span, say.gettext("match: %(watch)s", watch=match.watch)) for match in first for span in match.spans
    ]
    spans += [(cue.span, cue.kind) for claim in view.claims if claim.revision_id is None for cue in claim.cues]
    title = present.segments(
        view.line.title,
        [views.Mark(span.start, span.end, kind) for span, kind in spans if span.field == "title"],
    )
    return show(
        request,
        "article.html",
        view=view,
        article=view.line,
        story=explanation.story,
        explanation=explanation,
        title=title,
        paragraphs=present.paragraphs(view.text, spans),
    )
