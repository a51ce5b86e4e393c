import gc

import pytest

from crawler.exchange import Fetch, Kind
from crawler.held import HeldBytes, TooMuchHeldError
from storage.model import Access, FaultKind
from tests.crawler_world import answer_of, running_engine

pytest_plugins = ("tests.crawler_fixtures",)


class Owner:
    """Of anything."""


def test_promise_17_small_answers_are_always_taken_and_large_ones_while_there_is_room():
    held = HeldBytes(most=100, small=10)
    owners = [Owner() for _ in range(4)]
    held.keep(owners[0], 60)
    with pytest.raises(TooMuchHeldError):
        held.keep(owners[1], 60)
    for owner in owners[1:]:
        held.keep(owner, 10)
    assert held.held == 90
    held.take(10, 20)
    with pytest.raises(TooMuchHeldError):
        held.take(1, 21)
    held.give(10)
    del owner
    owners.clear()
    assert held.held == 0
    held.keep(Owner(), 100)


def test_promise_17_what_all_answers_hold_together_is_bounded_and_given_back(world, site):
    site.routes |= {f"/{n}": answer_of(b"x" * 300_000) for n in range(4)} | {"/small": answer_of(b"y" * 1000)}

    async def fetch_all():
        async with running_engine() as engine:
            engine.held = HeldBytes(most=700_000)
            kept = [await engine.fetch(fetch(site.url(f"/{n}"))) for n in range(4)]
            small = await engine.fetch(fetch(site.url("/small")))
            full = engine.held.held
            told = kept[2:]
            kept.clear()
            gc.collect()
            again = await engine.fetch(fetch(site.url("/3")))
            return told, small, full, again, engine

    told, small, full, again, engine = world.run(fetch_all())
    assert [fault.kind for fault in told] == [FaultKind.TOO_LARGE] * 2
    assert "asked again" in told[0].detail
    assert len(small.body) == 1000
    assert full == 601_000
    assert len(again.body) == 300_000
    assert engine.held.held == 301_000
    del again, small
    assert engine.held.held == 0


def fetch(url):
    return Fetch(url, kind=Kind.PAGE, access=Access(private_addresses=True))
