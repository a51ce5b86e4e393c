from concurrent.futures import Future
from datetime import date

import pytest

from envoywatch.web.states import States
from storage.views import SourceStates, Thinned
from tests.mission_database import seed
from tests.test_web_pages import Page


class World:
    """A clock, a daemon whose sources take so long to judge, how often they were; what is to be done when it is let."""

    def __init__(self, takes_s):
        self.at, self.takes_s, self.judged = 0.0, takes_s, 0
        self.waiting, self.is_held, self.fault = [], False, None

    def clock(self):
        return self.at

    def now(self):
        return None

    def read(self, _):
        self.at += self.takes_s
        self.judged += 1
        if self.fault is not None:
            raise self.fault
        return states(self.judged)

    def submit(self, work, *args):
        future = Future()
        self.waiting.append((future, work, args))
        if not self.is_held:
            self.work()
        return future

    def work(self):
        while self.waiting:
            future, work, args = self.waiting.pop(0)
            try:
                future.set_result(work(*args))
            except OSError as error:
                future.set_exception(error)


def states(number):
    return SourceStates((number,), {}, Thinned(date(2023, 5, 26), frozenset()))


def of(world):
    return States(world.clock, world)


def test_states_that_are_judged_quickly_are_never_kept():
    world = World(0.01)
    kept = of(world)
    assert [kept.get(world).ids for _ in range(3)] == [(1,), (2,), (3,)]


def test_states_that_take_long_are_judged_anew_beside_the_page_when_they_are_twenty_times_as_old():
    world = World(2.0)
    kept = of(world)
    assert kept.get(world).ids == (1,)
    world.at += 39
    world.is_held = True
    assert (kept.get(world).ids, len(world.waiting)) == ((1,), 0)
    world.at += 2
    assert [kept.get(world).ids, kept.get(world).ids, len(world.waiting)] == [(1,), (1,), 1]
    world.work()
    assert kept.get(world).ids == (2,)


def test_a_page_does_not_wait_long_for_states_and_has_them_when_they_are_there():
    world = World(2.0)
    kept = of(world)
    world.is_held = True
    assert kept.get(world, 0.0) is None
    assert kept.get(world, 0.0) is None
    world.work()
    assert kept.get(world, 0.0).ids == (1,)


def test_states_of_a_page_that_nobody_looked_at_for_long_are_judged_first():
    world = World(2.0)
    kept = of(world)
    kept.get(world)
    world.at += 601
    assert kept.get(world).ids == (2,)


def test_states_are_judged_anew_when_the_configuration_has_changed():
    world = World(2.0)
    kept = of(world)
    kept.get(world)
    kept.forget()
    assert kept.get(world).ids == (2,)


def test_states_that_were_being_judged_when_the_configuration_changed_are_not_kept():
    world = World(2.0)
    kept = of(world)
    world.is_held = True
    kept.get(world, 0.0)
    kept.forget()
    world.work()
    world.is_held = False
    assert kept.get(world).ids == (2,)


def test_states_that_cannot_be_judged_stay_as_they_are_until_they_are_too_old():
    world = World(2.0)
    kept = of(world)
    kept.get(world)
    world.at += 60
    world.fault = OSError("the disk is gone")
    assert kept.get(world).ids == (1,)
    world.at += 600
    with pytest.raises(OSError, match="gone"):
        kept.get(world)


async def test_of_very_many_sources_the_page_says_that_they_are_being_judged_and_then_shows_them(tmp_path, monkeypatch):
    monkeypatch.setattr("envoywatch.web.states._MANY", -1)
    monkeypatch.setattr("envoywatch.web.states._PATIENCE_S", 0)
    path = tmp_path / "envoywatch.db"
    seed(path)
    page, world = Page(path), World(0.0)
    page.app.state.states = States(world.clock, world)
    world.is_held = True
    text = (await page.get("/sources?page=1")).text
    assert "is being found out" in text
    assert 'data-poll="page=1"' in text
    assert '<meta http-equiv="refresh"' in text
    assert "<table" not in text
    world.work()
    world.is_held = False
    text = (await page.get("/sources?page=1")).text
    assert "<table" in text
    assert "being found out" not in text
