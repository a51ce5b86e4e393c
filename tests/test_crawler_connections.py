import asyncio
import socket
from contextlib import suppress

import pytest

from crawler.connections import Connections, Route, by_turns, connect_first
from crawler.guard import AddressRefusedError
from crawler.http1 import AnswerReader, BrokenOffError
from crawler.names import Names

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Server:
    """Answers every request on a connection until it has answered `most`; or does as `serve` says."""

    def __init__(self, serve=None, *, most=99):
        self.serve, self.most = serve or self.answer, most
        self.tasks = []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.handle, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await asyncio.sleep(0)

    def handle(self, reader, writer):
        self.tasks.append(asyncio.ensure_future(self.until_closed(reader, writer)))

    async def until_closed(self, reader, writer):
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await self.serve(reader, writer)
        finally:
            writer.transport.abort()

    async def answer(self, reader, writer):
        for _ in range(self.most):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ANSWER)
        await writer.drain()

    def route(self, **changes):
        named = {"host": "127.0.0.1", "port": self.port, "tls": False, "private": True, "verify": True}
        return Route(**(named | changes))


async def ask(connection):
    reader = AnswerReader(100)
    await connection.ask(b"GET / HTTP/1.1\r\n\r\n", reader)
    return reader.body


@pytest.fixture
async def connections():
    names = Names()
    made = Connections(names)
    yield made
    made.close()
    names.close()


async def test_a_kept_connection_serves_its_own_route_again_and_no_other(connections):
    async with Server() as server:
        route = server.route()
        connection = await connections.open(route)
        assert await ask(connection) == b"hello"
        connections.keep(route, connection)
        assert connections.take(server.route(private=False)) is None
        again = connections.take(route)
        assert again is connection
        assert await ask(again) == b"hello"
        assert connections.take(route) is None
        assert len(server.tasks) == 1
        again.close()


async def test_a_connection_the_server_has_closed_is_not_taken_and_says_so_when_asked(connections):
    async with Server(most=1) as server:
        route = server.route()
        connection = await connections.open(route)
        await ask(connection)
        connections.keep(route, connection)
        await asyncio.sleep(0.05)
        assert connections.take(route) is None
        with pytest.raises(ConnectionError):
            await ask(connection)


async def test_only_a_few_connections_are_kept_and_not_for_long(connections, monkeypatch):
    monkeypatch.setattr("crawler.connections._IDLE_S", 0.05)
    async with Server() as server:
        route = server.route()
        opened = [await connections.open(route) for _ in range(3)]
        for connection in opened:
            await ask(connection)
            connections.keep(route, connection)
        assert [connection.is_open for connection in opened] == [True, True, False]
        await asyncio.sleep(0.1)
        assert [connection.is_open for connection in opened] == [False] * 3
        assert connections.take(route) is None


async def test_who_speaks_unasked_is_not_listened_to(connections):
    async def talk(reader, writer):
        writer.write(ANSWER)
        await reader.read()

    async with Server(talk) as server:
        connection = await connections.open(server.route())
        await asyncio.sleep(0.05)
        assert not connection.is_open


async def test_a_server_that_says_nothing_ends_in_an_error(connections):
    async with Server(most=0) as server:
        connection = await connections.open(server.route())
        with pytest.raises((BrokenOffError, ConnectionError)):
            await ask(connection)


async def test_who_gives_up_waiting_closes_the_connection(connections):
    async def hang(reader, writer):
        await asyncio.sleep(60)

    async with Server(hang) as server:
        connection = await connections.open(server.route())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(connection), 0.05)
        assert not connection.is_open


# ---------------------------------------------------------------- several addresses


def test_families_take_turns_beginning_with_the_first():
    assert by_turns(["::1", "::2", "::3", "1.1.1.1"]) == ["::1", "1.1.1.1", "::2", "::3"]
    assert by_turns(["1.1.1.1"]) == ["1.1.1.1"]


async def test_the_next_address_is_tried_when_one_refuses():
    async with Server() as server:
        sock = await connect_first(["127.0.0.9", "127.0.0.1"], server.port, private=True)
        assert sock.getpeername()[0] == "127.0.0.1"
        sock.close()


async def test_the_next_address_is_tried_beside_one_that_hangs_which_is_then_given_up(monkeypatch):
    monkeypatch.setattr("crawler.connections._STAGGER_S", 0.05)
    begun, ended = [], []

    async def connect(address, port, *, private):
        begun.append(address)
        try:
            if address == "198.51.100.1":
                await asyncio.sleep(60)
            return socket.socket()
        finally:
            ended.append(address)

    monkeypatch.setattr("crawler.connections.connect_one", connect)
    sock = await connect_first(["198.51.100.1", "198.51.100.2", "198.51.100.3"], 80, private=True)
    await asyncio.sleep(0)
    assert sock.fileno() >= 0
    assert begun == ["198.51.100.1", "198.51.100.2"]
    assert sorted(ended) == begun
    sock.close()


async def test_a_second_connection_that_comes_too_late_is_closed(monkeypatch):
    monkeypatch.setattr("crawler.connections._STAGGER_S", 0.01)
    made = []

    async def connect(address, port, *, private):
        await asyncio.sleep(0.03 if address == "198.51.100.1" else 0.02)
        made.append(socket.socket())
        return made[-1]

    monkeypatch.setattr("crawler.connections.connect_one", connect)
    won = await connect_first(["198.51.100.1", "198.51.100.2"], 80, private=True)
    await asyncio.sleep(0.05)
    assert [sock.fileno() >= 0 for sock in made] == [sock is won for sock in made]
    won.close()


async def test_promise_22_the_guard_judges_each_address_and_the_first_ones_error_is_told():
    async with Server() as server:
        with pytest.raises(AddressRefusedError):
            await connect_first(["127.0.0.1", "::1"], server.port, private=False)


async def test_promise_22_a_name_that_changes_its_address_meanwhile_leads_nowhere(monkeypatch):
    """The address is judged where the socket gets it: whatever the name was a moment ago, or is the next time."""
    monkeypatch.setattr("crawler.guard.is_public", lambda address: address == "127.0.0.2")
    addresses, clock = [["127.0.0.2"], ["127.0.0.1"], ["127.0.0.2", "127.0.0.1"]], [1000.0]
    names = Names(lambda name: addresses.pop(0), clock=lambda: clock[0])
    connections = Connections(names)
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    route = Route("news.example", port, tls=False, private=False, verify=True)
    with pytest.raises(ConnectionRefusedError):
        await connections.open(route)  # judged to be public, and tried: nothing listens there
    clock[0] += 301
    with pytest.raises(AddressRefusedError):
        await connections.open(route)
    clock[0] += 301
    with pytest.raises(ConnectionRefusedError):
        await connections.open(route)  # beside a public address that does not answer the private one is not tried
    server.close()
    await server.wait_closed()
    connections.close()
    names.close()
