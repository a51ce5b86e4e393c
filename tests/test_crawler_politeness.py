import asyncio
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.politeness import HostGates, host_key


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://News.Example/", "news.example"),
        ("https://news.example:443/a", "news.example"),
        ("http://news.example.:80/a", "news.example"),
        ("http://news.example:8080/", "news.example:8080"),
    ],
)
def test_both_usual_ports_of_a_host_are_one(url, key):
    assert host_key(url) == key


async def test_turns_come_in_order_within_the_limit_and_leave_nothing_behind():
    gates = HostGates(lambda: 2)
    order, inside, most = [], 0, 0

    async def visit(number):
        nonlocal inside, most
        async with gates.enter("a"):
            inside += 1
            most = max(most, inside)
            order.append(number)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(visit(number) for number in range(10)))
    assert order == list(range(10))
    assert most == 2
    assert len(gates) == 0


async def test_one_host_does_not_hold_up_another():
    gates = HostGates(lambda: 1)
    async with gates.enter("a"), gates.enter("b"):
        assert len(gates) == 2


async def test_who_gives_up_waiting_takes_no_turn():
    gates = HostGates(lambda: 1)

    async def visit():
        async with gates.enter("a"):
            return True

    async with gates.enter("a"):
        waiting = [asyncio.ensure_future(visit()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.sleep(0)
    waiting[1].cancel()  # its turn has just come
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [isinstance(result, asyncio.CancelledError) for result in results] == [True, True, False]
    assert len(gates) == 0


async def test_a_higher_limit_holds_from_the_next_turn_on():
    limit = [1]
    gates = HostGates(lambda: limit[0])
    async with gates.enter("a"):
        limit[0] = 2
        async with asyncio.timeout(1), gates.enter("a"):
            pass


@given(st.text(alphabet="abZ.:-/0?#@[]\\\t é", max_size=14), st.sampled_from(["http://", "https://", "HTTP://"]))
def test_a_plainly_written_address_has_the_host_that_taking_it_apart_gives(rest, scheme):
    try:
        parts = urlsplit(scheme + rest)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        host, port = "", None
    assert host_key(scheme + rest) == (host if port in {None, 80, 443} else f"{host}:{port}")
