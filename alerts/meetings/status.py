"""What has become of a meeting: held needs positive evidence and no word in scope that takes it back.

Each class of meeting word has its row of rules; the first rule that has something to say decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from alerts.meetings.times import Day, Sense
from config.lexicon import CueClass
from config.vocabulary import Level, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alerts.meetings.cues import Hit
    from alerts.meetings.sides import Sentence

STALE = timedelta(days=7)
"""A meeting further back than this is background (label guideline v1)."""

_NEAR = 4
"""Words between a negation and the verb that it denies."""
_BESIDE = 3
"""Words between a modal and the finite verb that it makes unreal ("was to have met")."""
_ADJACENT = 2
_AHEAD = 4
"""Words between "before" and the meeting that it puts off: "before flying on to talks"."""
_CLOSE = 8
"""Words between a verb of meeting and what calls it off."""

_MODAL = {
    CueClass.CANCELS: Status.CANCELLED,
    CueClass.REFUSES: Status.REFUSED,
    CueClass.UNDECIDED: Status.UNDECIDED,
    CueClass.QUESTION: Status.PROPOSED,
    CueClass.CONDITIONAL: Status.PROPOSED,
    CueClass.HEARSAY: Status.PROPOSED,
    CueClass.PROPOSES: Status.PROPOSED,
    CueClass.PLANS: Status.SCHEDULED,
    CueClass.AHEAD: Status.SCHEDULED,
}
"""Classes that take reality away, with what they leave; in the guideline's order of precedence."""

_WEAKER = frozenset({CueClass.UNDECIDED, CueClass.PROPOSES, CueClass.PLANS})
"""What "took place" overrules where it stands nearer to its noun."""

_DOUBTS = (CueClass.QUESTION, CueClass.CONDITIONAL, CueClass.HEARSAY)


@dataclass(frozen=True, slots=True)
class Ruling:
    """The status, the day, the rule that decided and what it went by."""

    status: Status
    day: date | None
    rule: str
    hits: tuple[Hit, ...]
    confidence: float
    firm: bool = True
    """False for a headline's present tense and the like: the body may say otherwise."""
    spoken: bool = False
    """Held by a verb of talking: a call, if the article says so elsewhere."""


class _Mention:
    """The outcome "named, and no more"."""


_MENTION = _Mention()


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


class _Case:
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
                abs(day.place - self.trigger.start),
            ),
            default=None,
        )

    def _is_undated(self, background: Hit) -> bool:
        """No day is told, or only one behind it or behind a word of speech: "who met X in April said on Monday"."""
        if self._day is None or self.past is None:
            return True
        spoken = self._within(CueClass.SAYS, max(background.end, self.trigger.end), self._day.place)
        return bool(spoken) or self.trigger.end <= background.start < self._day.place

    @cached_property
    def past(self) -> date | None:
        """The day, if the meeting has been."""
        return self._day.resolve(self.setting.published, Sense.PAST) if self._day else None

    @cached_property
    def future(self) -> date | None:
        """The day, if the meeting is still to come."""
        return self._day.resolve(self.setting.published, Sense.FUTURE) if self._day else None

    def ruling(
        self, status: Status, day: date | None, rule: str, confidence: float, *hits: Hit | None, firm: bool = True
    ) -> Ruling:
        """A ruling that names the meeting word first among its grounds."""
        return Ruling(status, day, rule, tuple(hit for hit in (self.trigger, *hits) if hit), confidence, firm)

    def took_place(self, rule: str, confidence: float, *hits: Hit | None, firm: bool = True) -> Ruling:
        """Held, or known background when it lies back too far."""
        if self.past and self.setting.published - self.past > STALE:
            return self.ruling(Status.BACKGROUND, self.past, "more than a week ago", confidence, *hits)
        if self.past is None and self.setting.past_year:
            return self.ruling(Status.BACKGROUND, None, "in an earlier year", confidence, *hits)
        before = self.within(CueClass.PLUPERFECT)
        if before and self.past is None and not self.around(CueClass.RECENT):
            return self.ruling(Status.BACKGROUND, None, "over before what is told", 0.75, before)
        background = self.around(CueClass.BACKGROUND)
        if background and self._is_undated(background) and not self.around(CueClass.RECENT):
            return self.ruling(Status.BACKGROUND, None, "told as known", 0.8, background)
        return self.ruling(Status.HELD, self.past, rule, confidence, *hits, firm=firm)


_Outcome = Ruling | _Mention | None


def decide_status(sentence: Sentence, trigger: Hit, days: Sequence[Day], setting: Setting) -> Ruling | None:
    """The ruling on one meeting word, None for a mere mention."""
    case = _Case(sentence, trigger, days, setting)
    for rule in (*_ALWAYS, *_RULES[trigger.kind]):
        outcome = rule(case)
        if outcome is not None:
            return _turned_down(case, outcome) if isinstance(outcome, Ruling) else None
    return None


def _turned_down(case: _Case, ruling: Ruling) -> Ruling:
    """`wanted to see X, but the other side refused`: what stands behind the contrast, no other meeting word between."""
    if ruling.status not in {Status.PROPOSED, Status.SCHEDULED}:
        return ruling
    for kind in (CueClass.CANCELS, CueClass.REFUSES):
        turn = case.behind_contrast(kind)
        if turn:
            return case.ruling(_MODAL[kind], ruling.day, "planned, but", 0.8, *ruling.hits[1:], turn)
    return ruling


# ---------------------------------------------------------------- rules for every class


def _made_up(case: _Case) -> _Outcome:
    if case.around(CueClass.FICTION) or case.around(CueClass.BODY):
        return _MENTION
    if case.around(CueClass.SPORT) and not case.of_state(Level.LEADER, Level.MINISTER):
        return _MENTION
    return _MENTION if case.within(CueClass.AIRPORT) and not case.of_state(Level.LEADER) else None


def _denied(case: _Case) -> _Outcome:
    denial = case.far_before(CueClass.DENIES) or case.after(CueClass.DENIES)
    return case.ruling(Status.DENIED, case.past, "denied", 0.9, denial) if denial else None


def _remote(case: _Case) -> _Outcome:
    phone = case.around(CueClass.BY_PHONE)
    if case.trigger.kind is not CueClass.CALLS and not phone:
        return None
    if case.beside(CueClass.NEGATION, _NEAR):
        return _MENTION
    return case.ruling(Status.REMOTE, case.past, "by telephone or video", 0.9, phone)


def _invited(case: _Case) -> _Outcome:
    return case.ruling(Status.PROPOSED, None, "invited", 0.8)


# ---------------------------------------------------------------- finite verbs


def _modal_beside(case: _Case) -> _Outcome:
    for kind in (CueClass.CANCELS, CueClass.REFUSES, CueClass.UNDECIDED, CueClass.PROPOSES, CueClass.PLANS):
        modal = case.beside(kind, _BESIDE)
        if modal:
            return case.ruling(_MODAL[kind], case.past, "a modal beside the verb", 0.7, modal)
    return None


def _not_done(case: _Case) -> _Outcome:
    negation = case.beside(CueClass.NEGATION, _NEAR)
    return case.ruling(Status.DENIED, case.past, "a verb negated", 0.8, negation) if negation else None


def _not_going_to(case: _Case) -> _Outcome:
    negation = case.beside(CueClass.NEGATION, _NEAR)
    return case.ruling(Status.REFUSED, case.future, "a future negated", 0.8, negation) if negation else None


def _doubted(case: _Case) -> _Outcome:
    doubt = next((hit for kind in _DOUBTS if (hit := case.before(kind))), None)
    return case.ruling(Status.PROPOSED, case.past, "asked, conditional or rumoured", 0.7, doubt) if doubt else None


def _asked(case: _Case) -> _Outcome:
    return case.ruling(Status.PROPOSED, case.future, "a question", 0.7) if case.setting.question else None


def _habitual(case: _Case) -> _Outcome:
    return _MENTION if case.before(CueClass.HABIT) else None


def _going_on(case: _Case) -> _Outcome:
    return case.ruling(Status.UNDER_WAY, case.past or case.setting.published, "going on", 0.9)


def _done(case: _Case) -> _Outcome:
    return case.took_place("finite past", 0.95)


def _discussed_nowhere(case: _Case) -> _Outcome:
    return None if case.setting.place or case.setting.journey else _MENTION


def _spoken(case: _Case) -> _Outcome:
    call = next((hit for hit in case.sentence.hits if hit.kind in {CueClass.CALLS, CueClass.BY_PHONE}), None)
    if call:
        return case.ruling(Status.REMOTE, case.past, "by telephone or video", 0.8, call)
    return replace(case.took_place("finite past of talking", 0.85), spoken=True)


# ---------------------------------------------------------------- present tense and verbs without tense


def _governed(case: _Case) -> _Outcome:
    """A modal, a plan or a refusal before it (a noun: also behind it)."""
    for kind, status in _MODAL.items():
        modal = (case.before(kind) if kind in _DOUBTS else case.in_clause(kind)) or case.governed_by(kind)
        if modal is not None and case.overruled(kind, modal):
            continue
        if modal is None or (kind is CueClass.AHEAD and not 0 <= case.trigger.start - modal.end <= _AHEAD):
            continue
        left_open = case.after(CueClass.UNDECIDED) if kind is CueClass.QUESTION else None
        if left_open:
            return case.ruling(Status.UNDECIDED, case.future, "asked and left open", 0.85, modal, left_open)
        firm = not (
            set(modal.places) & set(case.trigger.places) and case.before(CueClass.TRAVELS)
        )  # "flew to Paris to meet"
        return case.ruling(status, case.future, f"not real: {kind}", 0.85, modal, firm=firm)
    return None


def _still_ahead(case: _Case) -> _Outcome:
    """Present tense beside a day that is still to come, or a time of day as itineraries tell it."""
    future, past = case.future, case.past
    if (
        (case.setting.clock or case.setting.agenda)
        and case.trigger.kind is CueClass.MEETS_NOW
        and past in {None, case.setting.published}
    ):
        return case.ruling(Status.SCHEDULED, future, "present tense with a time of day", 0.8)
    ahead = case.setting.present_ahead and case.trigger.kind is CueClass.MEETS_NOW
    if future is None or future < case.setting.published or (future == case.setting.published and not ahead):
        return None
    if case.trigger.kind is CueClass.MEETS_NOW or past == future:
        return case.ruling(Status.SCHEDULED, future, "present tense with a coming day", 0.8)
    return None


def _headline(case: _Case) -> _Outcome:
    if not case.setting.title and not case.setting.place and case.past is None:
        return _MENTION
    return case.took_place("headline present", 0.7, firm=False)


def _reported(case: _Case) -> _Outcome:
    return case.took_place("verb of report", 0.85, firm=not case.setting.title)


def _presupposed(case: _Case) -> _Outcome:
    return case.took_place("presupposed by what followed", 0.85, firm=not case.setting.title)


# ---------------------------------------------------------------- infinitives, futures, nouns


def _will_be(case: _Case) -> _Outcome:
    return case.ruling(Status.SCHEDULED, case.future, "finite future", 0.9)


def _real_noun(case: _Case) -> _Outcome:
    """A noun that "took place", "lasted", "ended"."""
    place = case.around(CueClass.TAKES_PLACE)
    if place is None:
        return None
    negation = case.beside(CueClass.NEGATION, _NEAR) or _negation_of(case, place)
    if negation:
        return case.ruling(Status.DENIED, case.past, "did not take place", 0.8, place, negation)
    asked = _asked(case)
    if asked:
        return asked
    real = case.took_place("it took place", 0.9, place)
    return real if case.setting.place else replace(real, spoken=True)


def _negation_of(case: _Case, hit: Hit) -> Hit | None:
    return next(
        (
            other
            for other in case.sentence.hits
            if other.kind is CueClass.NEGATION and 0 <= hit.start - other.end <= _ADJACENT
        ),
        None,
    )


def _purpose(case: _Case) -> _Outcome:
    """`flew to Moscow to meet`, and a headline's infinitive."""
    travel = case.before(CueClass.TRAVELS)
    if not travel and not case.setting.title:
        return None
    rule = "purpose of a journey or a headline's infinitive"
    return case.ruling(Status.SCHEDULED, case.future, rule, 0.7, travel, firm=False)


_ALWAYS: tuple[Callable[[_Case], _Outcome], ...] = (_made_up, _denied, _remote)
_FINITE = (_modal_beside, _not_done, _doubted, _asked, _habitual)
_RULES: dict[CueClass, tuple[Callable[[_Case], _Outcome], ...]] = {
    CueClass.CALLS: (),
    CueClass.INVITES: (_invited,),
    CueClass.MEETS: (*_FINITE, _done),
    CueClass.SPEAKS: (*_FINITE, _spoken),
    CueClass.DISCUSSES: (_discussed_nowhere, *_FINITE, _spoken),
    CueClass.UNDER_WAY: (*_FINITE, _going_on),
    CueClass.MEETS_NOW: (_not_going_to, _governed, _asked, _habitual, _still_ahead, _headline),
    CueClass.MEETS_BARE: (_not_done, _governed, _asked, _habitual, _still_ahead, _reported),
    CueClass.AFTER_MEETING: (_not_going_to, _governed, _asked, _habitual, _still_ahead, _presupposed),
    CueClass.WILL_MEET: (_governed, _not_going_to, _asked, _will_be),
    CueClass.TO_MEET: (_governed, _not_done, _purpose),
    CueClass.MEETING_NOUN: (_governed, _real_noun, _asked),
}
