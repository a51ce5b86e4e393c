import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.hosts import DELAY_MAX, REFUSED_MAX, HostBook, after_answer, gap_of, worth_keeping
from storage.model import HostState

NOW = datetime(2023, 5, 17, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
NOTHING = timedelta(0)
FRESH = HostState("a.example")


def answers(state, *latencies, status=200):
    for latency in latencies:
        state = after_answer(state, status, latency * SECOND, None, NOW)
    return state


@pytest.mark.parametrize(
    ("latencies", "least", "most"),
    [
        ([0.2] * 50, 0, 0),  # quick: no gap of its own
        ([8], 1, 1),  # one slow page lengthens it a little
        ([8, 0.1, 0.1], 0.2, 0.3),  # and quick ones take it back
        ([4] * 40, 3.9, 4),  # a slow host is asked as slowly as it answers
        ([900] * 99, 30, 30),
    ],
)
def test_the_gap_follows_slow_answers_slowly_and_quick_ones_quickly(latencies, least, most):
    assert least * SECOND <= answers(FRESH, *latencies).delay <= most * SECOND


def test_errors_teach_nothing_of_speed():
    slow = answers(FRESH, *[4] * 40)
    assert answers(slow, 0.01, 0.01, status=404) == slow
    assert answers(FRESH, 20, status=500) == FRESH


def test_the_longest_of_the_wishes_holds():
    state = HostState("a.example", delay=3 * SECOND, robots_delay=5 * SECOND)
    assert [gap_of(state, least * SECOND) for least in (1, 9)] == [5 * SECOND, 9 * SECOND]


@pytest.mark.parametrize(("refusals", "minutes"), [(0, 1), (1, 2), (5, 32), (9, 360), (10**6, 360)])
def test_a_host_that_refuses_without_a_word_is_let_alone_twice_as_long_each_time(refusals, minutes):
    state = after_answer(HostState("a", refusals=refusals), 429, SECOND, None, NOW)
    assert (state.back_off_until - NOW, state.refusals) == (timedelta(minutes=minutes), refusals + 1)


def test_its_own_wish_is_obeyed_a_shorter_one_takes_none_back_and_an_answer_ends_the_count():
    state = after_answer(FRESH, 429, SECOND, timedelta(hours=3), NOW)
    state = after_answer(state, 429, SECOND, 5 * SECOND, NOW)
    assert (state.back_off_until, state.refusals) == (NOW + timedelta(hours=3), 2)
    assert after_answer(state, 200, SECOND / 9, None, NOW).refusals == 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from([200, 304, 404, 429, 500, 999]),
            st.timedeltas(NOTHING, timedelta(days=9)),
            st.one_of(st.none(), st.timedeltas(NOTHING, timedelta(days=1))),
        ),
        max_size=60,
    )
)
def test_the_gap_and_the_wait_stay_within_bounds(history):
    state = FRESH
    for status, latency, wish in history:
        state = after_answer(state, status, latency, wish, NOW)
        assert NOTHING <= state.delay <= DELAY_MAX
        assert (state.back_off_until or NOW) <= NOW + max(REFUSED_MAX, timedelta(days=1))


def test_only_what_a_restart_should_know_is_kept():
    assert not worth_keeping(answers(FRESH, 0.3, 2), NOW)
    for state in (
        answers(FRESH, 9),
        HostState("a", robots_delay=SECOND),
        HostState("a", back_off_until=NOW + SECOND),
    ):
        assert worth_keeping(state, NOW)
    assert not worth_keeping(HostState("a", back_off_until=NOW), NOW)


# ---------------------------------------------------------------- the book


async def test_a_host_is_read_from_the_database_once_and_first_by_its_first_request():
    asked = []

    async def load(host):
        asked.append(host)
        await asyncio.sleep(0)
        return HostState(host, delay=7 * SECOND) if host == "known" else None

    book = HostBook(load)
    states = await asyncio.gather(*(book.open("known") for _ in range(3)), book.open("new"))
    assert [state.delay for state in states] == [7 * SECOND] * 3 + [NOTHING]
    await book.open("new")
    assert asked.count("new") == 1
    assert book.get("known").delay == 7 * SECOND


async def test_what_was_learned_while_it_was_read_stands():
    book = None

    async def load(host):
        book.note(host, 429, SECOND, timedelta(hours=1))

    book = HostBook(load, now=lambda: NOW)
    assert (await book.open("a")).refusals == 1
    assert book.held_for("a") == timedelta(hours=1)


async def test_the_book_is_bounded_and_writes_what_it_forgot(monkeypatch):
    monkeypatch.setattr("crawler.hosts._KEPT", 2)
    book = HostBook()
    book.slow_down("a", 5 * SECOND)
    for host in ("b", "c"):
        await book.open(host)
    assert len(book) == 2
    assert book.get("a").robots_delay == NOTHING
    assert (await book.open("a")).robots_delay == 5 * SECOND, "not written yet, but not lost"


def test_only_changes_worth_a_write_are_handed_on_and_once():
    held = []
    book = HostBook(on_hold=held.append, now=lambda: NOW)
    book.note("quick", 200, SECOND / 5, None)
    book.note("slow", 200, 9 * SECOND, None)
    book.note("full", 429, SECOND / 5, 60 * SECOND)
    book.slow_down("strict", 5 * SECOND)
    book.slow_down("plain", NOTHING)
    assert sorted(state.host for state in book.take_changed()) == ["full", "slow", "strict"]
    assert book.take_changed() == []
    assert [state.host for state in held] == ["full"]
    book.slow_down("strict", NOTHING)
    assert [state.robots_delay for state in book.take_changed()] == [NOTHING], "a wish taken back is forgotten too"
