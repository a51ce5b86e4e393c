import gc

import pytest

from envoywatch.memory import YOUNG, settle


@pytest.fixture(autouse=True)
def _as_before():
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_what_lives_is_out_of_sight_and_what_comes_later_is_not():
    settle()
    assert gc.get_freeze_count() > 1_000
    assert gc.get_threshold()[0] == YOUNG
    later = [[]]
    assert any(one is later for one in gc.get_objects())


def test_what_was_replaced_meanwhile_is_freed():
    class Loop:
        pass

    first = Loop()
    first.me = first
    settle()
    del first
    assert not any(isinstance(one, Loop) for one in gc.get_objects())
    settle()
    gc.unfreeze()
    assert not any(isinstance(one, Loop) for one in gc.get_objects())
