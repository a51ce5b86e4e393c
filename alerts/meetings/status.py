"""What has become of a meeting: held needs positive evidence and no word in scope that takes it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from alerts.meetings.times import Day, Sense
from config.lexicon import CueClass
from config.vocabulary import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alerts.meetings.cues import Hit
    from alerts.meetings.sides import Sentence

STALE = timedelta(days=7)
"""A meeting further back than this is background (label guideline v1)."""

_NEAR = 4
"""Words between a negation and the finite verb that it denies."""
_BESIDE = 3
"""Words between a modal and the finite verb that it makes unreal ("was to have met")."""

_FINITE = frozenset({CueClass.MEETS, CueClass.UNDER_WAY})
_MODAL = {
    CueClass.CANCELS: Status.CANCELLED,
    CueClass.REFUSES: Status.REFUSED,
    CueClass.UNDECIDED: Status.UNDECIDED,
    CueClass.QUESTION: Status.PROPOSED,
    CueClass.CONDITIONAL: Status.PROPOSED,
    CueClass.HEARSAY: Status.PROPOSED,
    CueClass.PROPOSES: Status.PROPOSED,
    CueClass.PLANS: Status.SCHEDULED,
}
"""Classes that take reality away, with what they leave; in the guideline's order of precedence."""


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


@dataclass(frozen=True, slots=True)
class Setting:
    """What the ruling may know beside the sentence."""

    published: date
    title: bool
    question: bool
    past_year: bool = False
    """The sentence names an earlier year."""


class _Scope:
    """The words that bear on one meeting word."""

    def __init__(self, sentence: Sentence, trigger: Hit) -> None:
        self.trigger = trigger
        self.start, self.end = sentence.segment(trigger)
        others = [hit for hit in sentence.triggers if hit is not trigger and not set(hit.places) & set(trigger.places)]
        own_start = max((hit.end for hit in others if hit.end <= trigger.start), default=self.start)
        own_end = min((hit.start for hit in others if hit.start >= trigger.end), default=self.end)
        self.own = (max(self.start, own_start), min(self.end, own_end))
        self.sentence = sentence

    def _within(self, kind: CueClass, start: int, end: int) -> Hit | None:
        return next(
            (hit for hit in self.sentence.hits if hit.kind is kind and start <= hit.start and hit.end <= end), None
        )

    def before(self, kind: CueClass) -> Hit | None:
        """In the same segment, no other meeting word between."""
        return self._within(kind, self.own[0], self.trigger.end)

    def far_before(self, kind: CueClass) -> Hit | None:
        """Anywhere before in the segment: verbs that govern a whole clause."""
        return self._within(kind, self.start, self.trigger.end)

    def beside(self, kind: CueClass, distance: int) -> Hit | None:
        """At most `distance` words before, or among the trigger's own words."""
        return self._within(kind, max(self.own[0], self.trigger.start - distance - 1), self.trigger.end)

    def after(self, kind: CueClass) -> Hit | None:
        """Behind it in the segment, no other meeting word between."""
        return self._within(kind, self.trigger.start, self.own[1])

    def around(self, kind: CueClass) -> Hit | None:
        """Before or behind."""
        return self.before(kind) or self.after(kind)

    def nearest_day(self, days: Iterable[Day]) -> Day | None:
        """The day named closest to it: in its own stretch, else in its segment, else in the sentence."""
        return min(
            days,
            key=lambda day: (
                not self.own[0] <= day.place < self.own[1],
                not self.start <= day.place < self.end,
                abs(day.place - self.trigger.start),
            ),
            default=None,
        )


def decide_status(sentence: Sentence, trigger: Hit, days: Sequence[Day], setting: Setting) -> Ruling | None:
    """The ruling on one meeting word, None for a mere mention."""
    scope = _Scope(sentence, trigger)
    named = scope.nearest_day(days)
    past = named.resolve(setting.published, Sense.PAST) if named else None
    future = named.resolve(setting.published, Sense.FUTURE) if named else None
    if scope.around(CueClass.FICTION) or scope.around(CueClass.BODY):
        return None
    denial = scope.far_before(CueClass.DENIES) or scope.after(CueClass.DENIES)
    if denial:
        return _ruling(Status.DENIED, past, "denied", 0.9, trigger, denial)
    phone = scope.around(CueClass.BY_PHONE)
    if trigger.kind is CueClass.CALLS or phone:
        negated = scope.beside(CueClass.NEGATION, _NEAR)
        return None if negated else _ruling(Status.REMOTE, past, "by telephone or video", 0.9, trigger, phone)
    if trigger.kind is CueClass.INVITES:
        return _ruling(Status.PROPOSED, None, "invited", 0.8, trigger)
    if trigger.kind in _FINITE:
        return _finite(scope, past, setting)
    if trigger.kind in {CueClass.MEETS_NOW, CueClass.MEETS_BARE, CueClass.AFTER_MEETING}:
        return _tenseless(scope, past, future, setting)
    return _unreal(scope, past, future, setting)


def _ruling(
    status: Status, day: date | None, rule: str, confidence: float, *hits: Hit | None, firm: bool = True
) -> Ruling:
    return Ruling(status, day, rule, tuple(hit for hit in hits if hit), confidence, firm)


def _finite(scope: _Scope, past: date | None, setting: Setting) -> Ruling | None:
    trigger = scope.trigger
    for kind in (CueClass.CANCELS, CueClass.REFUSES, CueClass.UNDECIDED, CueClass.PROPOSES, CueClass.PLANS):
        modal = scope.beside(kind, _BESIDE)
        if modal:
            return _ruling(_MODAL[kind], past, "a modal beside the verb", 0.7, trigger, modal)
    negation = scope.beside(CueClass.NEGATION, _NEAR)
    if negation:
        return _ruling(Status.DENIED, past, "a finite verb negated", 0.8, trigger, negation)
    for kind in (CueClass.QUESTION, CueClass.CONDITIONAL, CueClass.HEARSAY):
        doubt = scope.before(kind)
        if doubt:
            return _ruling(Status.PROPOSED, past, "asked, conditional or rumoured", 0.7, trigger, doubt)
    if setting.question:
        return _ruling(Status.PROPOSED, past, "a question", 0.7, trigger)
    if scope.before(CueClass.HABIT):
        return None
    if trigger.kind is CueClass.UNDER_WAY:
        return _ruling(Status.UNDER_WAY, past or setting.published, "going on", 0.9, trigger)
    return _took_place(scope, past, setting, "finite past", 0.95)


def _took_place(
    scope: _Scope,
    past: date | None,
    setting: Setting,
    rule: str,
    confidence: float,
    *,
    firm: bool = True,
    also: Hit | None = None,
) -> Ruling:
    """Held, or known background when it lies back too far."""
    if past and setting.published - past > STALE:
        return _ruling(Status.BACKGROUND, past, "more than a week ago", confidence, scope.trigger)
    if past is None and setting.past_year:
        return _ruling(Status.BACKGROUND, None, "in an earlier year", confidence, scope.trigger)
    background = scope.around(CueClass.BACKGROUND)
    if background and past is None:
        return _ruling(Status.BACKGROUND, None, "told as known", 0.8, scope.trigger, background)
    return _ruling(Status.HELD, past, rule, confidence, scope.trigger, also, firm=firm)


def _tenseless(scope: _Scope, past: date | None, future: date | None, setting: Setting) -> Ruling | None:
    """Present tense and verbs without tense: held as news, unless a word or a coming day says otherwise."""
    trigger = scope.trigger
    negation = scope.beside(CueClass.NEGATION, _NEAR)
    if negation:
        status = Status.DENIED if trigger.kind is CueClass.MEETS_BARE else Status.REFUSED
        return _ruling(status, past, "a verb negated", 0.7, trigger, negation)
    unreal = _governed(scope, future, also_after=False)
    if unreal:
        return unreal
    if setting.question:
        return _ruling(Status.PROPOSED, future, "a question", 0.7, trigger)
    if scope.before(CueClass.HABIT):
        return None
    if future and future > setting.published and (past is None or past == future or trigger.kind is CueClass.MEETS_NOW):
        return _ruling(Status.SCHEDULED, future, "present tense with a coming day", 0.8, trigger)
    if trigger.kind is CueClass.MEETS_NOW:
        if not setting.title and past is None:
            return None
        return _took_place(scope, past, setting, "headline present", 0.7, firm=False)
    firm = not setting.title
    rule = "verb of report" if trigger.kind is CueClass.MEETS_BARE else "presupposed by what followed"
    return _took_place(scope, past, setting, rule, 0.85, firm=firm)


def _unreal(scope: _Scope, past: date | None, future: date | None, setting: Setting) -> Ruling | None:
    """Infinitives, futures and nouns: what governs them decides; without a governor they are mere mentions."""
    trigger = scope.trigger
    noun = trigger.kind is CueClass.MEETING_NOUN
    unreal = _governed(scope, future, also_after=noun)
    if unreal:
        return unreal
    negation = scope.beside(CueClass.NEGATION, _NEAR)
    if trigger.kind is CueClass.WILL_MEET:
        if negation:
            return _ruling(Status.REFUSED, future, "a future negated", 0.85, trigger, negation)
        status = Status.PROPOSED if setting.question else Status.SCHEDULED
        return _ruling(status, future, "finite future", 0.9, trigger)
    if noun:
        place = scope.around(CueClass.TAKES_PLACE)
        if place:
            negated = negation or scope.beside(CueClass.NEGATION, _NEAR) or _negated(scope, place)
            if negated:
                return _ruling(Status.DENIED, past, "did not take place", 0.8, trigger, place, negated)
            if setting.question:
                return _ruling(Status.PROPOSED, past, "a question", 0.7, trigger)
            return _took_place(scope, past, setting, "it took place", 0.9, also=place)
        if setting.question:
            return _ruling(Status.PROPOSED, future, "a question", 0.6, trigger)
        return None
    if negation:
        return _ruling(Status.DENIED, past, "an infinitive negated", 0.75, trigger, negation)
    travel = scope.before(CueClass.TRAVELS)
    if travel or setting.title:
        return _ruling(
            Status.SCHEDULED, future, "purpose of a journey or a headline's infinitive", 0.7, trigger, travel
        )
    return None


def _governed(scope: _Scope, future: date | None, *, also_after: bool) -> Ruling | None:
    """What a modal, a plan or a refusal in scope leaves of a meeting."""
    for kind, status in _MODAL.items():
        modal = scope.before(kind) or (scope.after(kind) if also_after or kind is CueClass.CANCELS else None)
        open_question = scope.after(CueClass.UNDECIDED) if kind is CueClass.QUESTION else None
        if modal and open_question:
            return _ruling(Status.UNDECIDED, future, "asked and left open", 0.85, scope.trigger, modal, open_question)
        if modal:
            return _ruling(status, future, f"not real: {kind}", 0.85, scope.trigger, modal)
    return None


def _negated(scope: _Scope, hit: Hit) -> Hit | None:
    return next(
        (
            other
            for other in scope.sentence.hits
            if other.kind is CueClass.NEGATION and other.end <= hit.start and hit.start - other.end <= 2  # noqa: PLR2004
        ),
        None,
    )
