"""One meeting word with all that bears on its status: the words around it and the days that may be its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from alerts.meetings.times import Day, Sense
from config.lexicon import CueClass
from config.vocabulary import Level, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.meetings.cues import Hit
    from alerts.meetings.sides import Sentence

TOLD_BEFORE = "of the time told before"
"""The rule for what is told of a time that its sentence, or the one before, began with."""
STALE = timedelta(days=7)
"""A meeting further back than this is background (label guideline v1)."""
_CLOSE = 8
"""Words between a verb of meeting and what calls it off."""
_COMMAS = frozenset({",", "，"})
_WEAKER = frozenset({CueClass.UNDECIDED, CueClass.PROPOSES, CueClass.PLANS})
"""What "took place" overrules where it stands nearer to its noun."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """The status, the day, the rule that decided and what it went by."""

    status: Status
    day: date | None
    rule: str
    hits: tuple[Hit, ...]
    firm: bool = True
    """False for a headline's present tense and the like: the body may say otherwise."""
    spoken: bool = False
    """Held by a verb of talking: a call, if the article says so elsewhere."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What the ruling may know beside the sentence."""

    published: date
    title: bool
    question: bool
    place: bool = False
    """The sentence says where."""
    journey: bool = False
    """A sentence beside it says where, or that somebody came."""
    agenda: bool = False
    """The article is a timetable of what is to come."""
    clock: bool = False
    """The sentence tells a time of day."""
    past_year: bool = False
    """The sentence names an earlier year."""
    present_ahead: bool = False
    """A present tense beside a day tells what is to come."""


class Case:
    """One meeting word, the words that bear on it and the days that may be its own."""

    def __init__(self, sentence: Sentence, trigger: Hit, days: Sequence[Day], setting: Setting) -> None:
        self.sentence, self.trigger, self.setting = sentence, trigger, setting
        self._days = days
        self._places = set(trigger.places)
        self.start, self.end = sentence.segment(trigger)
        others = [hit for hit in sentence.triggers if not set(hit.places) & set(trigger.places)]
        own_start = max((hit.end for hit in others if hit.end < trigger.start), default=self.start)
        own_end = min((hit.start for hit in others if hit.start >= trigger.end), default=self.end)
        self.own = (max(self.start, own_start), min(self.end, own_end))

    def _within(self, kind: CueClass, start: int, end: int) -> Hit | None:
        return next(
            (hit for hit in self.sentence.hits if hit.kind is kind and start <= hit.start and hit.end <= end), None
        )

    def before(self, kind: CueClass) -> Hit | None:
        """In the same segment, no other meeting word between; or around it, as "lehnte ein Treffen ab"."""
        return self._within(kind, self.own[0], self.trigger.end) or self._bracket(kind)

    def far_before(self, kind: CueClass) -> Hit | None:
        """Anywhere before in the segment: verbs that govern a whole clause."""
        return self._within(kind, self.start, self.trigger.end) or self._bracket(kind)

    def unanswered(self, question: Hit) -> Hit | None:
        """`nobody knows whether`, «примет ли он X, не говорят»: a clause around the question that denies the answer."""
        before = self._within(CueClass.NEGATION, self.start, min(question.start, self.trigger.start))
        return before or self.after(CueClass.NEGATION)

    def _bracket(self, kind: CueClass) -> Hit | None:
        """Words that stand on both sides of it: a parted verb, "aucune rencontre n'est prévue"."""
        around = (hit for hit in self.sentence.hits if hit.kind is kind and hit.start < self.trigger.start)
        return next((hit for hit in around if self.start <= hit.start and self.trigger.end < hit.end <= self.end), None)

    def beside(self, kind: CueClass, distance: int) -> Hit | None:
        """At most `distance` words before, or among the meeting word's own."""
        return self._within(kind, max(self.own[0], self.trigger.start - distance - 1), self.trigger.end)

    def after(self, kind: CueClass) -> Hit | None:
        """Behind it in the segment, no other meeting word between."""
        return self._within(kind, self.trigger.start, self.own[1])

    def governed_by(self, kind: CueClass) -> Hit | None:
        """Behind it: anything that a noun's verb may be, and of a verb a cancellation close by."""
        if self.trigger.kind is CueClass.MEETING_NOUN:
            return self.after(kind) if kind is not CueClass.AHEAD else None
        if kind is CueClass.QUESTION:  # «примет ли»
            return self._within(kind, self.trigger.end, self.trigger.end + 1)
        if kind is CueClass.REFUSES and self.trigger.kind is CueClass.TO_MEET:  # «видеться с X не намерен»
            return self._within(kind, self.trigger.end, self.own[1])
        if self.trigger.kind is CueClass.MEETS_BARE:
            return self._behind_bare(kind) if kind in {CueClass.CANCELS, CueClass.UNDECIDED} else None
        if kind is not CueClass.CANCELS or self.trigger.kind is CueClass.AFTER_MEETING:
            return None
        return self._within(kind, self.trigger.start, min(self.own[1], self.trigger.end + _CLOSE))

    def _behind_bare(self, kind: CueClass) -> Hit | None:
        """Close behind, before the comma: a Chinese verb may be the noun (两人何时会晤尚未敲定)."""
        limit = min(self.own[1], self.trigger.end + _CLOSE)
        tokens = self.sentence.tokens
        limit = next((at for at in range(self.trigger.end, limit) if tokens[at].word == "，"), limit)
        return self._within(kind, self.trigger.start, limit)

    def behind_contrast(self, kind: CueClass) -> Hit | None:
        """Behind the border that ends its segment, no other meeting word between."""
        following = (hit.start for hit in self.sentence.triggers if hit.start >= self.end)
        return self._within(kind, self.end, min(following, default=len(self.sentence.tokens)))

    def overruled(self, kind: CueClass, modal: Hit) -> bool:
        """`the talk lasted longer than planned`, `before a lunch that ran for an hour`."""
        if kind is CueClass.AHEAD:
            return self.trigger.kind is CueClass.MEETING_NOUN and self.after(CueClass.TAKES_PLACE) is not None
        return kind in _WEAKER and self.real_before(modal)

    def real_before(self, modal: Hit) -> bool:
        """Whether between a noun and what stands behind it something made it real."""
        if self.trigger.kind is not CueClass.MEETING_NOUN or modal.start < self.trigger.end:
            return False
        real = self._within(CueClass.TAKES_PLACE, self.trigger.end, modal.start)
        return real is not None and not self._within(CueClass.NEGATION, self.trigger.end, modal.start)

    def in_clause(self, kind: CueClass) -> Hit | None:
        """Before it, and not before a Chinese comma with a subject of its own behind it (应邀，某某会见)."""
        if self.trigger.kind is CueClass.AFTER_MEETING and kind is CueClass.REFUSES:
            return self._bracket(kind)  # "ruled out a ceasefire during his talks with X"
        end = self.trigger.start
        commas = [at for at in range(self.own[0], end) if self.sentence.tokens[at].word == "，"]
        parted = bool(commas) and self.sentence.has_subject(commas[-1], end)
        start = commas[-1] if parted else self.own[0]
        if self.trigger.kind is CueClass.AFTER_MEETING:  # "we want to help, said X after talks with Y"
            start = max(
                [start, *(hit.end for hit in self.sentence.hits if hit.kind is CueClass.SAYS and hit.end <= end)]
            )
        return self._within(kind, start, self.trigger.end) or self._bracket(kind)

    def of_state(self, *levels: Level) -> bool:
        """Whether two people of such rank are named in the sentence."""
        ranked = {side.label for side in self.sentence.sides.values() if side.label and side.level in levels}
        return len(ranked) > 1

    def within(self, kind: CueClass) -> Hit | None:
        """A pattern of which the meeting word is a part."""
        return next((hit for hit in self.sentence.hits if hit.kind is kind and set(hit.places) & self._places), None)

    def around(self, kind: CueClass) -> Hit | None:
        """Before or behind."""
        return self.before(kind) or self.after(kind)

    @cached_property
    def _day(self) -> Day | None:
        """The day named closest to it: in its own stretch, else in its segment, else in the sentence."""
        return min(
            self._days,
            key=lambda day: (
                not self.own[0] <= day.place < self.own[1],
                not self.start <= day.place < self.end,
                self._is_set_off(day.place),
                abs(day.place - self.trigger.start),
            ),
            default=None,
        )

    def _is_set_off(self, place: int) -> bool:
        """Whether a comma parts it from the meeting word: "X, elected in May 2022, met Y on Monday"."""
        first, last = sorted((place, self.trigger.start))
        return any(token.word in _COMMAS for token in self.sentence.tokens[first:last])

    def _is_undated(self, background: Hit) -> bool:
        """No day is told, or only one behind it or behind a word of speech: "who met X in April said on Monday"."""
        if self._day is None or self.past is None:
            return True
        spoken = self._within(CueClass.SAYS, max(background.end, self.trigger.end), self._day.place)
        return (
            bool(spoken)
            or self.trigger.end <= background.start < self._day.place
            or (self._is_apart(self._day.place) and not self._is_apart(background.start))
        )

    def _is_apart(self, place: int) -> bool:
        """Whether a soft border parts it from the meeting word: "in March X received Y, who arrives on Thursday"."""
        first, last = sorted((place, self.trigger.start))
        return self.sentence.next_clause(first) < last

    @cached_property
    def past(self) -> date | None:
        """The day, if the meeting has been."""
        return self._day.resolve(self.setting.published, Sense.PAST) if self._day else None

    @cached_property
    def future(self) -> date | None:
        """The day, if the meeting is still to come."""
        return self._day.resolve(self.setting.published, Sense.FUTURE) if self._day else None

    def ruling(self, status: Status, day: date | None, rule: str, *hits: Hit | None, firm: bool = True) -> Ruling:
        """A ruling that names the meeting word first among its grounds."""
        return Ruling(status, day, rule, tuple(hit for hit in (self.trigger, *hits) if hit), firm)

    def took_place(self, rule: str, *hits: Hit | None, firm: bool = True) -> Ruling:
        """Held, or known background when it lies back too far."""
        if self.past and self.setting.published - self.past > STALE:
            return self.ruling(Status.BACKGROUND, self.past, "more than a week ago", *hits)
        if self.past is None and self.setting.past_year:
            return self.ruling(Status.BACKGROUND, None, "in an earlier year", *hits)
        known = None if self.around(CueClass.RECENT) else self._told_as_known()
        return known or self.ruling(Status.HELD, self.past, rule, *hits, firm=firm)

    def _told_as_known(self) -> Ruling | None:
        """Background by words of an age back, or by the verb's tense."""
        before = self.within(CueClass.PLUPERFECT)
        if before and not self._has_day_beside:
            return self.ruling(Status.BACKGROUND, None, "over before what is told", before)
        background = self.around(CueClass.BACKGROUND) or self._occasion()
        if background and self._is_undated(background):
            return self.ruling(Status.BACKGROUND, None, "told as known", background)
        opening = None if self._days else self._opening()
        return self.ruling(Status.BACKGROUND, None, TOLD_BEFORE, opening) if opening else None

    @property
    def _has_day_beside(self) -> bool:
        """Whether a day is told on its own side of any hard border: "said on Friday; they had met in Osaka"."""
        if self.past is None or self._day is None or not self.start <= self._day.place < self.end:
            return False
        return self._within(CueClass.SAYS, self.trigger.end, self._day.place) is None  # "had met Y, X said on Friday"

    def _occasion(self) -> Hit | None:
        """`met X during the summit of May`: the occasion is a meeting word too, and its time is that of the meeting."""
        start, end = self.own
        return next(
            (hit for hit in self.sentence.hits if hit.kind is CueClass.BACKGROUND and start <= hit.start < end), None
        )

    def _opening(self) -> Hit | None:
        """`In early July X went to Moscow, where he met Y, then to Beijing, where Z received him`: July for all."""
        first = min(hit.start for hit in self.sentence.triggers if hit.start >= self.start)
        border = self.sentence.next_clause(self.start)
        return self._within(CueClass.BACKGROUND, self.start, min(first, border, self.trigger.start))
