import asyncio
import socket

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from config.errors import EnvoywatchError
from envoywatch.web.server import serve


async def answer(request):
    return PlainTextResponse("here")


APP = Starlette(routes=[Route("/", answer)])


async def test_it_serves_in_a_loop_that_is_not_its_own_until_it_is_stopped():
    server = serve(APP, "127.0.0.1", 0)
    await server.start()
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(server.url)).text == "here"
        await server.stop()
        with pytest.raises(httpx.ConnectError):
            await client.get(server.url)


async def test_an_answer_is_sent_at_once_and_not_held_back_for_an_acknowledgement():
    seen = []

    async def told(scope, receive, send):
        seen.extend(
            task.get_coro().cr_frame.f_locals["self"].transport.get_extra_info("socket")
            for task in asyncio.all_tasks()
            if "run_asgi" in task.get_coro().__qualname__
        )
        await PlainTextResponse("here")(scope, receive, send)

    server = serve(told, "127.0.0.1", 0)
    await server.start()
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.get(server.url)
        assert [sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for sock in seen] == [1]
    await server.stop()


async def test_it_leaves_the_signals_to_the_daemon():
    import signal

    before = signal.getsignal(signal.SIGTERM)
    server = serve(APP, "127.0.0.1", 0)
    await server.start()
    assert signal.getsignal(signal.SIGTERM) is before
    await server.stop()


def test_an_address_in_use_is_a_clear_error_with_advice():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            EnvoywatchError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"
        ) as caught:
            serve(APP, "127.0.0.1", port)
    assert "web.listen" in caught.value.hint


def test_a_host_that_does_not_exist_here_is_a_clear_error():
    with pytest.raises(EnvoywatchError, match="cannot listen"):
        serve(APP, "nowhere.invalid", 8470)


async def test_the_url_of_an_ipv6_address_has_brackets():
    try:
        server = serve(APP, "::1", 0)
    except EnvoywatchError:
        pytest.skip("this machine has no IPv6 loopback")
    assert server.url == f"http://[::1]:{server.port}"
    await server.stop()


async def test_a_server_that_cannot_start_says_so(monkeypatch):
    server = serve(APP, "127.0.0.1", 0)

    async def end_at_once(sockets):
        await asyncio.sleep(0)

    monkeypatch.setattr(server._server, "serve", end_at_once)
    with pytest.raises(EnvoywatchError, match="could not be served"):
        await server.start()
    await server.stop()
