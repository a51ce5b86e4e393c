"""What a watch looks for, and its options, in plain words: those of the page, on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from alerts import words
from config.durations import render_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config.model import MeetingSpec, Watch
    from config.watch_options import Only

OPTIONS: Final = ("only", "min_sources", "urgency", "quiet", "at_most", "mute")
"""The keys of a watch that are not what it looks for, nor where it tells."""


def asks_in_words(watch: Watch) -> str:
    """What it looks for: its query as it is written, its score, the meetings."""
    if watch.meeting is not None:
        return _meetings(watch.meeting)
    score = watch.score
    terms = f"a score of {score.at_least:g} or more from {words.count(len(score.terms), 'term')}" if score else None
    return "; ".join(filter(None, (watch.query, terms)))


def _meetings(spec: MeetingSpec) -> str:
    """`meetings of Li Hui as guest, leader level: held or under way`."""
    whose = [f"of {spec.guest} as guest"] if spec.guest else []
    whose += [f"between {words.people(spec.between)}"] if spec.between else []
    level = f", {words.LEVEL[spec.level]}" if spec.level else ""
    status = " or ".join(words.STATUS[one] for one in spec.status)
    return f"{' '.join(('meetings', *whose))}{level}: {status}"


def options_in_words(watch: Watch) -> tuple[str, ...]:
    """One line an option that is set."""
    return tuple(_options(watch))


def _options(watch: Watch) -> Iterator[str]:
    if watch.mute is not None:
        yield f"muted until {watch.mute:%Y-%m-%d %H:%M} UTC"
    if watch.only is not None:
        yield f"only {_only(watch.only)}"
    if watch.min_sources > 1:
        yield f"alerts once {watch.min_sources} independent sources report it"
    if watch.meeting is not None:
        yield from _of_meeting(watch.meeting)
    if watch.urgency is not None:
        yield f"urgency {watch.urgency}"
    if watch.quiet is not None:
        quiet = watch.quiet
        yield f"quiet {quiet.start:%H:%M}-{quiet.end:%H:%M} {quiet.zone}"
    if watch.at_most is not None:
        count = watch.at_most.count
        yield f"at most {count} message{'s' if count > 1 else ''} in {render_duration(watch.at_most.per)}"


def _of_meeting(spec: MeetingSpec) -> Iterator[str]:
    if spec.confirmed is not None:
        sides = "both sides" if spec.confirmed == "both" else "one side"
        yield f"once official sources of {sides} confirm it"
    if spec.reports > 1:
        yield f"once {spec.reports} independent sources report it"
    if spec.overdue is not None:
        yield "tells what is overdue" if spec.overdue else "tells nothing of what is overdue"
    if spec.silence is not None:
        yield f"tells when no official source confirms it for {render_duration(spec.silence)}"


def _only(only: Only) -> str:
    parts = (
        ("from", only.sources),
        ("with the role", only.roles),
        ("from the country", only.countries),
        ("in the language", only.languages),
    )
    return ", ".join(f"{what} {' or '.join(values)}" for what, values in parts if values)
