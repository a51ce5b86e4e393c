"""Sentences of the page about records: what is built of several parts is built anew in each language."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from markupsafe import Markup, escape

from alerts import harmless
from alerts.itinerary import places_by_level
from config.durations import render_duration
from config.sizes import render_size
from envoywatch.web.languages import ENGLISH, N_, n_
from envoywatch.web.terms import term

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from alerts.itinerary import Trip
    from config.model import MeetingSpec, Storage, Watch
    from config.watch_options import Only
    from envoywatch.web.languages import Language
    from storage.views import Skips

_KIB: Final = 1024
_MOST_NAMED: Final = 6


_COUNTED: Final[Mapping[str, tuple[str, str]]] = {
    "alert": n_("%(num)s alert", "%(num)s alerts"),
    "article": n_("%(num)s article", "%(num)s articles"),
    "change": n_("%(num)s change", "%(num)s changes"),
    "character": n_("%(num)s character", "%(num)s characters"),
    "copy": n_("%(num)s copy", "%(num)s copies"),
    "entry": n_("%(num)s entry", "%(num)s entries"),
    "fault": n_("%(num)s fault", "%(num)s faults"),
    "form": n_("%(num)s form", "%(num)s forms"),
    "match": n_("%(num)s match", "%(num)s matches"),
    "place": n_("%(num)s place", "%(num)s places"),
    "poll": n_("%(num)s poll", "%(num)s polls"),
    "sentence": n_("%(num)s sentence", "%(num)s sentences"),
    "source": n_("%(num)s source", "%(num)s sources"),
}
"""Numbers of things that stand alone, or in a list."""


def counted(language: Language, number: int, noun: str) -> Markup:
    """`1 report`, `2 reports`, `3 copies`."""
    return language.ngettext(*_COUNTED[noun], number)


# ---------------------------------------------------------------- meetings


def reported(language: Language, sources: int, originators: Sequence[str]) -> Markup:
    """`3 sources`; where they are not independent of each other `7 sources, 3 independent: TASS, AFP, Ukrinform`."""
    told = counted(language, sources, "source")
    if not originators or len(originators) >= sources:
        return told
    names = language.listed(originators[:_MOST_NAMED])
    if len(originators) > _MOST_NAMED:
        names += " …"
    return language.gettext("%(sources)s, %(n)s independent: %(names)s", sources=told, n=len(originators), names=names)


def confirmation(language: Language, countries: Sequence[str]) -> Markup:
    """By whom a meeting is confirmed; without a country where the side is not known."""
    names = language.both(countries) if countries else ""
    if not countries:
        return language.gettext("confirmed by an official source")
    if len(countries) == 1:
        return language.gettext("confirmed by official sources of %(country)s", country=names)
    return language.gettext("confirmed by official sources of %(countries)s: both sides", countries=names)


def unconfirmed(language: Language, told_at: datetime, at: datetime) -> Markup:
    """`no official source confirms it, 14 hours after the first report`; an age below an hour is none."""
    hours = int((at - told_at) / timedelta(hours=1))
    if hours < 1:
        return language.gettext("no official source confirms it yet")
    return language.ngettext(
        "no official source confirms it, %(num)s hour after the first report",
        "no official source confirms it, %(num)s hours after the first report",
        hours,
    )


def compared(language: Language, trip: Trip) -> Iterator[Markup]:
    """What the trip says of each capital beside the others, a line a level: by whom they were received how high."""
    for level, places in places_by_level(trip).items():
        names = language.listed(place or language.gettext("a place not named") for place in places)
        if level is None:
            yield language.gettext("no meeting reported as held: %(places)s", places=names)
        else:
            yield language.gettext("%(level)s: %(places)s", level=term(language, level), places=names)


# ---------------------------------------------------------------- watches


def options(language: Language, watch: Watch) -> tuple[str, ...]:
    """One line for each option of a watch that is set."""
    return tuple(_options(language, watch))


def _options(language: Language, watch: Watch) -> Iterator[str]:
    if watch.mute is not None:
        yield language.gettext("muted until %(time)s UTC", time=f"{watch.mute:%Y-%m-%d %H:%M}")
    if watch.only is not None:
        yield from _only(language, watch.only)
    if watch.min_sources > 1:
        yield language.ngettext(
            "alerts once %(num)s independent source reports it",
            "alerts once %(num)s independent sources report it",
            watch.min_sources,
        )
    if watch.meeting is not None:
        yield from _of_meeting(language, watch.meeting)
    if watch.urgency is not None:
        yield language.gettext("urgency: %(urgency)s", urgency=term(language, watch.urgency))
    if watch.quiet is not None:
        hours = f"{watch.quiet.start:%H:%M}-{watch.quiet.end:%H:%M} {watch.quiet.zone}"
        yield language.gettext("quiet %(hours)s", hours=hours)
    if watch.at_most is not None:
        yield language.ngettext(
            "at most %(num)s message in %(time)s",
            "at most %(num)s messages in %(time)s",
            watch.at_most.count,
            time=render_duration(watch.at_most.per),
        )


def _of_meeting(language: Language, spec: MeetingSpec) -> Iterator[str]:
    if spec.confirmed == "both":
        yield language.gettext("once official sources of both sides confirm it")
    elif spec.confirmed is not None:
        yield language.gettext("once official sources of one side confirm it")
    if spec.reports > 1:
        yield language.ngettext(
            "once %(num)s independent source reports it", "once %(num)s independent sources report it", spec.reports
        )
    if spec.overdue is not None:
        yield (
            language.gettext("tells what is overdue")
            if spec.overdue
            else language.gettext("tells nothing of what is overdue")
        )
    if spec.silence is not None:
        time = render_duration(spec.silence)
        yield language.gettext("tells when no official source confirms it for %(time)s", time=time)


def _only(language: Language, only: Only) -> Iterator[str]:
    if only.sources:
        yield language.gettext("only from these sources: %(names)s", names=language.listed(only.sources))
    if only.roles:
        roles = language.listed(term(language, role) for role in only.roles)
        yield language.gettext("only from sources with these roles: %(roles)s", roles=roles)
    if only.countries:
        yield language.gettext("only from these countries: %(codes)s", codes=language.listed(only.countries))
    if only.languages:
        yield language.gettext("only in these languages: %(codes)s", codes=language.listed(only.languages))


# ---------------------------------------------------------------- storage and polls


def kept(language: Language, storage: Storage) -> Markup:
    """What the configuration says of how much of the archive is kept."""
    days = 0 if storage.keep is None else storage.keep.days
    size = "" if storage.max_size is None else render_size(storage.max_size)
    if storage.keep is not None and size:
        return language.ngettext(
            "the articles of %(num)s day, as many articles as %(size)s hold, and what alerts and meetings cite",
            "the articles of %(num)s days, as many articles as %(size)s hold, and what alerts and meetings cite",
            days,
            size=size,
        )
    if storage.keep is not None:
        return language.ngettext(
            "the articles of %(num)s day, and what alerts and meetings cite",
            "the articles of %(num)s days, and what alerts and meetings cite",
            days,
        )
    if size:
        return language.gettext("as many articles as %(size)s hold, and what alerts and meetings cite", size=size)
    return language.gettext("everything")


def spared(language: Language, skips: Skips) -> Markup:
    """What polls of a source were spared, the numbers that are not nought; empty when all are."""
    told = (
        (n_("%(num)s answer not modified", "%(num)s answers not modified"), skips.not_modified),
        (n_("%(num)s body as before", "%(num)s bodies as before"), skips.same_body),
        (n_("%(num)s item seen before", "%(num)s items seen before"), skips.items_cut),
        (n_("%(num)s known address", "%(num)s known addresses"), skips.known_urls),
        (n_("%(num)s known text", "%(num)s known texts"), skips.known_texts),
    )
    return language.listed(language.ngettext(*texts, number) for texts, number in told if number)


def file_size(language: Language, size: int) -> str:
    """`3.4 MB` and the like, by powers of 1024."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < _KIB:
            whole = unit == "B" or amount >= 100  # noqa: PLR2004
            return f"{language.decimal(amount, 0 if whole else 1)} {unit}"
        amount /= _KIB
    return f"{language.decimal(amount)} GB"


# ---------------------------------------------------------------- what the core says in English

FROM_THE_CORE: Final = (
    N_("it is no longer configured; what it gave stays in the archive"),
    N_("Take `paused` out of its configuration to have it read again."),
    N_("it is paused in the configuration"),
    N_("it has not been asked yet"),
    N_("It is read by the daemon, or by `envoywatch poll`."),
    N_("The host asked for patience, or many sources share it: lengthen their intervals if it lasts."),
    N_("It waits for a poll: see whether the daemon runs and is not overloaded."),
    N_("Open its address in a browser: the news may have moved elsewhere, or it is built by a script."),
    N_("its answers are good, but there is not one entry in them"),
    N_("Look at the site: it may have moved its news elsewhere, or have nothing to say."),
    N_("nothing new has come since it was first read"),
    N_("nothing was saved; look at it again as it is now"),
)
"""Whole sentences of other packages that pages show; one that stands there otherwise is shown in English again."""


@lru_cache(maxsize=512, typed=True)
def told(language: Language, text: str, limit: int | None = None, *, stop: bool = False) -> Markup:
    """A sentence of the core: in the language where its catalogue has it, else marked as the English that it is.

    It begins with a capital, what stands between backticks is code; with `stop` it ends like a sentence. One that is
    Markup was said in the language already.
    """
    if isinstance(text, Markup):
        return text[:1].upper() + text[1:] + (language.full_stop if stop else "")
    found = language.find(text)
    said = harmless.one_line(found or text, limit)
    said = said[:1].upper() + said[1:]
    if stop and said and said[-1] not in ".?!。":
        said += language.full_stop if found else ENGLISH.full_stop
    shown = coded(said)
    return shown if found or language is ENGLISH or not said else Markup('<span lang="en">{}</span>').format(shown)


def coded(text: str) -> Markup:
    """Advice of our own in which commands stand between backticks."""
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if number % 2 else escape(piece)
        for number, piece in enumerate(text.split("`"))
    )
