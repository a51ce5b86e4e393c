import gc

import pytest

from config.collector import collector_paused, settle


def test_the_collector_pauses_and_goes_on_after_whatever_happens():
    def fail():
        with collector_paused():
            assert not gc.isenabled()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert gc.isenabled()


def test_a_pause_within_a_pause_ends_with_the_outer_one():
    with collector_paused():
        with collector_paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_has_settled_is_left_out_of_later_looks_and_what_was_let_go_is_not_kept():
    class Node:
        pass

    kept = Node()
    try:
        settle()
        assert gc.get_freeze_count() > 0
        assert all(one is not kept for one in gc.get_objects())
        kept.me = kept
        del kept
        settle()
        gc.unfreeze()
        assert not any(isinstance(one, Node) for one in gc.get_objects())
    finally:
        gc.unfreeze()
