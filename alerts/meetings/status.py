"""What has become of a meeting: held needs positive evidence and no word in scope that takes it back.

Each class of meeting word has its row of rules; the first rule that has something to say decides.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from alerts.meetings.case import Case, Ruling, Setting
from config.lexicon import CueClass
from config.vocabulary import Level, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alerts.meetings.cues import Hit
    from alerts.meetings.sides import Sentence
    from alerts.meetings.times import Day

_NEAR = 4
"""Words between a negation and the verb that it denies."""
_BESIDE = 3
"""Words between a modal and the finite verb that it makes unreal ("was to have met")."""
_ADJACENT = 2
_AHEAD = 4
"""Words between "before" and the meeting that it puts off: "before flying on to talks"."""
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
_DOUBTS = (CueClass.QUESTION, CueClass.CONDITIONAL, CueClass.HEARSAY)


class _Mention:
    """The outcome "named, and no more"."""


_MENTION = _Mention()


_Outcome = Ruling | _Mention | None


def decide_status(sentence: Sentence, trigger: Hit, days: Sequence[Day], setting: Setting) -> Ruling | None:
    """The ruling on one meeting word, None for a mere mention."""
    case = Case(sentence, trigger, days, setting)
    for rule in (*_ALWAYS, *_RULES[trigger.kind]):
        outcome = rule(case)
        if outcome is not None:
            return _turned_down(case, outcome) if isinstance(outcome, Ruling) else None
    return None


def _turned_down(case: Case, ruling: Ruling) -> Ruling:
    """`wanted to see X, but the other side refused`: what stands behind the contrast, no other meeting word between."""
    if ruling.status not in {Status.PROPOSED, Status.SCHEDULED}:
        return ruling
    for kind in (CueClass.CANCELS, CueClass.REFUSES):
        turn = case.behind_contrast(kind)
        if turn:
            return case.ruling(_MODAL[kind], ruling.day, "planned, but", *ruling.hits[1:], turn)
    return ruling


# ---------------------------------------------------------------- rules for every class


def _made_up(case: Case) -> _Outcome:
    if case.around(CueClass.FICTION) or case.around(CueClass.BODY):
        return _MENTION
    if case.around(CueClass.SPORT) and not case.of_state(Level.LEADER, Level.MINISTER):
        return _MENTION
    return _MENTION if case.within(CueClass.AIRPORT) and not case.of_state(Level.LEADER) else None


def _denied(case: Case) -> _Outcome:
    denial = case.far_before(CueClass.DENIES) or case.after(CueClass.DENIES)
    return case.ruling(Status.DENIED, case.past, "denied", denial) if denial else None


def _remote(case: Case) -> _Outcome:
    phone = case.around(CueClass.BY_PHONE)
    if case.trigger.kind is not CueClass.CALLS and not phone:
        return None
    if case.beside(CueClass.NEGATION, _NEAR):
        return _MENTION
    return case.ruling(Status.REMOTE, case.past, "by telephone or video", phone)


def _invited(case: Case) -> _Outcome:
    return case.ruling(Status.PROPOSED, None, "invited")


# ---------------------------------------------------------------- finite verbs


def _modal_beside(case: Case) -> _Outcome:
    for kind in (CueClass.CANCELS, CueClass.REFUSES, CueClass.UNDECIDED, CueClass.PROPOSES, CueClass.PLANS):
        modal = case.beside(kind, _BESIDE)
        question = case.before(CueClass.QUESTION) if modal and kind in {CueClass.PROPOSES, CueClass.PLANS} else None
        if question:  # «будет ли он принят»
            return _asked_of_what_comes(case, question)
        if modal:
            return case.ruling(_MODAL[kind], case.past, "a modal beside the verb", modal)
    return None


def _asked_of_what_comes(case: Case, question: Hit) -> Ruling:
    left_open = case.after(CueClass.UNDECIDED) or case.unanswered(question)
    if left_open:
        return case.ruling(Status.UNDECIDED, case.future, "asked and left open", question, left_open)
    return case.ruling(Status.PROPOSED, case.future, f"not real: {CueClass.QUESTION}", question)


def _not_done(case: Case) -> _Outcome:
    negation = case.beside(CueClass.NEGATION, _NEAR)
    return case.ruling(Status.DENIED, case.past, "a verb negated", negation) if negation else None


def _not_going_to(case: Case) -> _Outcome:
    negation = case.beside(CueClass.NEGATION, _NEAR)
    return case.ruling(Status.REFUSED, case.future, "a future negated", negation) if negation else None


def _doubted(case: Case) -> _Outcome:
    doubt = next((hit for kind in _DOUBTS if (hit := case.before(kind))), None)
    return case.ruling(Status.PROPOSED, case.past, "asked, conditional or rumoured", doubt) if doubt else None


def _asked(case: Case) -> _Outcome:
    return case.ruling(Status.PROPOSED, case.future, "a question") if case.setting.question else None


def _habitual(case: Case) -> _Outcome:
    return _MENTION if case.before(CueClass.HABIT) else None


def _going_on(case: Case) -> _Outcome:
    return case.ruling(Status.UNDER_WAY, case.past or case.setting.published, "going on")


def _done(case: Case) -> _Outcome:
    return case.took_place("finite past")


def _discussed_nowhere(case: Case) -> _Outcome:
    return None if case.setting.place or case.setting.journey else _MENTION


def _spoken(case: Case) -> _Outcome:
    call = next((hit for hit in case.sentence.hits if hit.kind in {CueClass.CALLS, CueClass.BY_PHONE}), None)
    if call:
        return case.ruling(Status.REMOTE, case.past, "by telephone or video", call)
    return replace(case.took_place("finite past of talking"), spoken=True)


# ---------------------------------------------------------------- present tense and verbs without tense


def _governed(case: Case) -> _Outcome:
    """A modal, a plan or a refusal before it (a noun: also behind it)."""
    for kind, status in _MODAL.items():
        modal = (case.before(kind) if kind in _DOUBTS else case.in_clause(kind)) or case.governed_by(kind)
        if modal is not None and case.overruled(kind, modal):
            continue
        if modal is None or (kind is CueClass.AHEAD and not 0 <= case.trigger.start - modal.end <= _AHEAD):
            continue
        if kind is CueClass.QUESTION:
            return _asked_of_what_comes(case, modal)
        firm = not (
            set(modal.places) & set(case.trigger.places) and case.before(CueClass.TRAVELS)
        )  # "flew to Paris to meet"
        return case.ruling(status, case.future, f"not real: {kind}", modal, firm=firm)
    return None


def _still_ahead(case: Case) -> _Outcome:
    """Present tense beside a day that is still to come, or a time of day as itineraries tell it."""
    future, past = case.future, case.past
    if (
        (case.setting.clock or case.setting.agenda)
        and case.trigger.kind is CueClass.MEETS_NOW
        and past in {None, case.setting.published}
    ):
        return case.ruling(Status.SCHEDULED, future, "present tense with a time of day")
    ahead = case.setting.present_ahead and case.trigger.kind is CueClass.MEETS_NOW
    if future is None or future < case.setting.published or (future == case.setting.published and not ahead):
        return None
    if case.trigger.kind is CueClass.MEETS_NOW or past == future:
        return case.ruling(Status.SCHEDULED, future, "present tense with a coming day")
    return None


def _headline(case: Case) -> _Outcome:
    if not case.setting.title and not case.setting.place and case.past is None:
        return _MENTION
    return case.took_place("headline present", firm=False)


def _reported(case: Case) -> _Outcome:
    return case.took_place("verb of report", firm=not case.setting.title)


def _presupposed(case: Case) -> _Outcome:
    return case.took_place("presupposed by what followed", firm=not case.setting.title)


# ---------------------------------------------------------------- infinitives, futures, nouns


def _will_be(case: Case) -> _Outcome:
    return case.ruling(Status.SCHEDULED, case.future, "finite future")


def _real_noun(case: Case) -> _Outcome:
    """A noun that "took place", "lasted", "ended"."""
    place = case.around(CueClass.TAKES_PLACE)
    if place is None:
        return None
    negation = case.beside(CueClass.NEGATION, _NEAR) or _negation_of(case, place)
    if negation:
        return case.ruling(Status.DENIED, case.past, "did not take place", place, negation)
    asked = _asked(case)
    if asked:
        return asked
    real = case.took_place("it took place", place)
    return real if case.setting.place else replace(real, spoken=True)


def _negation_of(case: Case, hit: Hit) -> Hit | None:
    return next(
        (
            other
            for other in case.sentence.hits
            if other.kind is CueClass.NEGATION and 0 <= hit.start - other.end <= _ADJACENT
        ),
        None,
    )


def _purpose(case: Case) -> _Outcome:
    """`flew to Moscow to meet`, and a headline's infinitive."""
    travel = case.before(CueClass.TRAVELS)
    if not travel and not case.setting.title:
        return None
    rule = "purpose of a journey or a headline's infinitive"
    return case.ruling(Status.SCHEDULED, case.future, rule, travel, firm=False)


_ALWAYS: tuple[Callable[[Case], _Outcome], ...] = (_made_up, _denied, _remote)
_FINITE = (_modal_beside, _not_done, _doubted, _asked, _habitual)
_RULES: dict[CueClass, tuple[Callable[[Case], _Outcome], ...]] = {
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
