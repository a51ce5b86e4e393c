import pytest

from envoywatch.web.states import States


class World:
    """A clock, a daemon whose sources take so long to judge, and how often they were."""

    def __init__(self, takes_s):
        self.at, self.takes_s, self.judged = 0.0, takes_s, 0

    def clock(self):
        return self.at

    def now(self):
        return None

    def read(self, _):
        self.at += self.takes_s
        self.judged += 1
        return (self.judged,)


def test_states_that_are_judged_quickly_are_never_kept():
    world = World(0.01)
    states = States(world.clock)
    assert [states.get(world) for _ in range(3)] == [((1,), None), ((2,), None), ((3,), None)]


async def test_states_that_take_long_are_renewed_after_an_answer_when_they_are_twenty_times_as_old():
    world = World(2.0)
    states = States(world.clock)
    assert states.get(world) == ((1,), None)
    world.at += 39
    assert states.get(world) == ((1,), None)
    world.at += 2
    found, afterwards = states.get(world)
    assert found == (1,)
    await afterwards()
    assert states.get(world) == ((2,), None)


def test_states_of_a_page_that_nobody_looked_at_for_long_are_judged_first():
    world = World(2.0)
    states = States(world.clock)
    states.get(world)
    world.at += 601
    assert states.get(world) == ((2,), None)


def test_states_are_judged_anew_when_the_configuration_has_changed():
    world = World(2.0)
    states = States(world.clock)
    states.get(world)
    states.forget()
    assert states.get(world) == ((2,), None)


async def test_states_that_cannot_be_judged_stay_as_they_are():
    world = World(2.0)
    states = States(world.clock)
    states.get(world)
    world.at += 60
    _, afterwards = states.get(world)

    def refuse(_):
        raise OSError("the disk is gone")

    world.read = refuse
    with pytest.raises(OSError, match="gone"):
        await afterwards()
    assert states.get(world)[0] == (1,)
