import asyncio
import os
import socket
import stat
import threading
from contextlib import asynccontextmanager, suppress

import pytest

from config.errors import EnvoywatchError, UsageError
from envoywatch import control
from envoywatch.control import ControlServer, ask, socket_path
from storage.errors import NotStoredError


async def echo(request):
    return {"heard": request["word"]}


async def refuse(_):
    raise NotStoredError("there is no alert 7", hint="list them")


async def fail(_):
    raise EnvoywatchError("the disk is full")


async def break_down(_):
    raise ZeroDivisionError("a bug of ours")


HANDLERS = {"echo": echo, "refuse": refuse, "fail": fail, "break": break_down}


@asynccontextmanager
async def listening(database):
    server = ControlServer(database, HANDLERS)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@pytest.fixture
def database(tmp_path):
    return tmp_path / "x.db"


async def asked(database, request):
    return await asyncio.to_thread(ask, database, request)


def said(database, *pieces):
    """What the socket answers to raw bytes."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(socket_path(database)))
        for piece in pieces:
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").read()


async def test_a_request_gets_its_handlers_answer(database):
    async with listening(database):
        assert await asked(database, {"do": "echo", "word": "会谈"}) == {"heard": "会谈"}


async def test_many_ask_at_once(database):
    async with listening(database):
        answers = await asyncio.gather(*(asked(database, {"do": "echo", "word": n}) for n in range(20)))
    assert [answer["heard"] for answer in answers] == list(range(20))


@pytest.mark.parametrize(
    ("do", "kind", "words", "code"),
    [
        ("refuse", UsageError, "there is no alert 7", 2),
        ("fail", EnvoywatchError, "the disk is full", 1),
        ("break", EnvoywatchError, "the daemon failed at this request", 1),
        ("unknown", EnvoywatchError, "does not understand", 1),
    ],
)
async def test_an_error_is_carried_over_with_its_exit_code_and_the_server_lives(database, do, kind, words, code):
    async with listening(database):
        with pytest.raises(kind, match=words) as raised:
            await asked(database, {"do": do})
        assert raised.value.exit_code == code
        assert await asked(database, {"do": "echo", "word": 1})
    if do == "refuse":
        assert raised.value.hint == "list them"


@pytest.mark.parametrize(
    "garbage", [b"", b"\n", b"no json\n", b"[]\n", b'{"do": []}\n', b"\xff\xfe\n", b"[" * 200_000 + b"\n", b'{"do": "e']
)
async def test_garbage_is_answered_and_the_server_lives(database, garbage):
    async with listening(database):
        assert b"does not understand" in await asyncio.to_thread(said, database, garbage)
        assert await asked(database, {"do": "echo", "word": 1})


async def test_a_line_without_end_is_cut_off(database, monkeypatch):
    monkeypatch.setattr(control, "_LINE_MAX", 1000)
    async with listening(database):
        with suppress(ConnectionError):  # it may hang up on us while we still write
            assert await asyncio.to_thread(said, database, b"x" * 5000) == b""
        assert await asked(database, {"do": "echo", "word": 1})


async def test_promise_38_the_socket_is_the_owners_alone_and_goes_with_the_server(database):
    before = os.umask(0)
    os.umask(before)
    async with listening(database):
        mode = socket_path(database).stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
    assert not socket_path(database).exists()
    assert os.umask(before) == before


async def test_a_socket_left_by_a_dead_daemon_is_replaced(database):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(socket_path(database)))
    with pytest.raises(ConnectionError, match="no daemon listens"):
        await asked(database, {"do": "echo"})
    async with listening(database):
        assert await asked(database, {"do": "echo", "word": 1})


def test_where_none_listens_the_connection_fails(database):
    with pytest.raises(ConnectionError, match="no daemon listens"):
        ask(database, {"do": "echo"})


async def test_a_long_path_is_reached_from_its_folder(tmp_path, monkeypatch):
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    monkeypatch.chdir(folder)
    async with listening(folder / "x.db"):
        assert await asked(folder / "x.db", {"do": "echo", "word": 1})


async def test_a_path_too_long_from_anywhere_leaves_the_daemon_running_without_it(tmp_path):
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    async with listening(folder / "x.db"):
        with pytest.raises(ConnectionError, match="no daemon listens"):
            await asked(folder / "x.db", {"do": "echo"})


async def test_stopping_twice_or_before_the_start_is_harmless(database):
    server = ControlServer(database, HANDLERS)
    await server.stop()
    await server.start()
    await server.stop()
    await server.stop()


@pytest.mark.parametrize(("answer", "words"), [(b"", "ended before"), (b'{"result": 1', "ended before")])
def test_a_daemon_that_ends_before_its_answer_is_told(database, answer, words):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(socket_path(database)))
        server.listen()

        def serve():
            with server.accept()[0] as connection:
                connection.recv(1000)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(EnvoywatchError, match=words):
            ask(database, {"do": "echo"})
        thread.join()


def test_a_daemon_that_never_answers_is_told(database, monkeypatch):
    monkeypatch.setattr(control, "_PATIENCE_S", 0.05)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(socket_path(database)))
        server.listen()
        with pytest.raises(EnvoywatchError, match="did not answer: timed out"):
            ask(database, {"do": "echo"})
