import asyncio
from contextlib import suppress

import pytest

from crawler.guard import AddressRefusedError
from crawler.proxies import ProxyError, find_proxy, refuse_private_name
from storage.model import Access, FaultKind
from tests.crawler_world import answer_of

pytest_plugins = ("tests.crawler_fixtures",)

PRIVATE = Access(private_addresses=True, proxy="TEST_PROXY")
PUBLIC = Access(proxy="TEST_PROXY")


# ---------------------------------------------------------------- the variable


@pytest.mark.parametrize(
    ("value", "url", "authorization"),
    [
        ("http://proxy.example:3128", "http://proxy.example:3128", None),
        ("proxy.example:3128/", "http://proxy.example:3128", None),
        ("http://a:p%40ss@proxy.example", "http://proxy.example:80", b"Basic YTpwQHNz"),
        ("http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080", None),
    ],
)
def test_a_variable_names_the_proxy(value, url, authorization):
    found = find_proxy("P", {"P": value})
    assert (found.url, found.authorization) == (url, authorization)


def test_a_password_is_in_no_text_of_the_address():
    assert "c2Vj" not in repr(find_proxy("P", {"P": "http://a:secret@proxy.example"}))


@pytest.mark.parametrize("variable", [None, "direct"])
def test_no_variable_and_direct_are_no_proxy(variable):
    assert find_proxy(variable, {"direct": "http://x"}) is None


@pytest.mark.parametrize("value", ["", " ", "socks5://proxy.example:1080", "http://", "http://p:99999", "https://p"])
def test_what_is_no_http_proxy_is_refused_without_telling_its_value(value):
    with pytest.raises(ProxyError) as caught:
        find_proxy("KYIV_PROXY", {"KYIV_PROXY": value})
    assert "KYIV_PROXY" in str(caught.value)
    assert "99999" not in str(caught.value)
    assert "example" not in str(caught.value)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f.1", "10.1", "localhost", "intranet", "db.internal", "[::1]", "169.254.169.254"],
)
def test_what_is_surely_private_is_refused_before_a_proxy_is_asked(host):
    with pytest.raises(AddressRefusedError):
        refuse_private_name(host)


@pytest.mark.parametrize("host", ["example.org", "9.9.9.9", "2620:fe::fe"])
def test_what_may_be_public_is_left_to_the_proxy(host):
    refuse_private_name(host)


# ---------------------------------------------------------------- on the wire


def test_an_http_request_goes_to_the_proxy_with_its_password_and_robots_too(world, site, monkeypatch):
    site.routes["http://news.example/feed"] = answer_of(b"through")
    monkeypatch.setenv("TEST_PROXY", f"http://me:word@127.0.0.1:{site.port}")
    page = world.fetch("http://news.example/feed", access=PUBLIC)
    assert page.body == b"through"
    assert [asked.path for asked in site.asked] == ["http://news.example/robots.txt", "http://news.example/feed"]
    assert {asked.headers["proxy-authorization"] for asked in site.asked} == {"Basic bWU6d29yZA=="}


def test_without_a_proxy_no_password_of_one_is_sent(world, site, monkeypatch):
    site.routes["/a"] = answer_of(b"direct")
    monkeypatch.setenv("TEST_PROXY", f"http://me:word@127.0.0.1:{site.port}")
    direct = Access(private_addresses=True, proxy="direct")
    assert world.fetch(site.url("/a"), access=direct, proxy="TEST_PROXY").body == b"direct"
    assert all("proxy-authorization" not in asked.headers for asked in site.asked)


def test_an_unset_variable_and_a_dead_proxy_are_faults_of_the_proxy(world, site, monkeypatch):
    assert world.fetch("http://news.example/", access=PUBLIC).kind is FaultKind.PROXY
    world.run(site.stop())
    monkeypatch.setenv("TEST_PROXY", f"http://127.0.0.1:{site.port}")
    fault = world.fetch("http://news.example/", access=PUBLIC, obey_robots=False)
    assert (fault.kind, "the proxy" in fault.detail) == (FaultKind.PROXY, True)


def test_a_proxy_that_wants_a_password_is_a_fault_of_the_proxy(world, site, monkeypatch):
    site.routes["http://news.example/"] = answer_of(b"", status="407 Proxy Authentication Required")
    monkeypatch.setenv("TEST_PROXY", f"http://127.0.0.1:{site.port}")
    assert world.fetch("http://news.example/", access=PUBLIC, obey_robots=False).kind is FaultKind.PROXY


def test_a_proxy_is_not_a_way_to_private_addresses(world, site, monkeypatch):
    monkeypatch.setenv("TEST_PROXY", f"http://127.0.0.1:{site.port}")
    wishes = {"private_addresses": False, "obey_robots": False}
    assert world.fetch("http://169.254.169.254/meta", access=PUBLIC, **wishes).kind is FaultKind.ADDRESS
    assert site.asked == []


class Tunnel:
    """A proxy that knows CONNECT alone and leads every one to one port of loopback."""

    def __init__(self, port):
        self.to = port
        self.asked = []

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head)
        if self.to is None:
            writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to)
        await asyncio.gather(self.pump(reader, far_writer), self.pump(far_reader, writer))

    async def pump(self, reader, writer):
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()


def test_https_goes_through_a_tunnel_and_the_certificate_still_counts(world, safe_site, monkeypatch):
    tunnel = Tunnel(safe_site.port)
    world.run(tunnel.start())
    monkeypatch.setenv("TEST_PROXY", f"http://me:word@127.0.0.1:{tunnel.port}")
    assert world.fetch("https://localhost/a", access=PRIVATE, obey_robots=False).kind is FaultKind.TLS
    anyone = Access(private_addresses=True, proxy="TEST_PROXY", verify_tls=False)
    assert world.fetch("https://localhost/a", access=anyone, obey_robots=False).body == b"safe"
    assert tunnel.asked[-1].startswith("CONNECT localhost:443 ")
    assert "Proxy-Authorization: Basic" in tunnel.asked[-1]
    assert all("proxy-authorization" not in asked.headers for asked in safe_site.asked)
    tunnel.server.close()


def test_a_proxy_that_refuses_a_tunnel_is_a_fault_of_the_proxy(world, monkeypatch):
    tunnel = Tunnel(None)
    world.run(tunnel.start())
    monkeypatch.setenv("TEST_PROXY", f"http://127.0.0.1:{tunnel.port}")
    fault = world.fetch("https://news.example/a", access=PUBLIC, obey_robots=False)
    assert (fault.kind, fault.detail) == (FaultKind.PROXY, "the proxy does not connect us with news.example")
    tunnel.server.close()


# ---------------------------------------------------------------- certificates, names, robots


def test_a_certificate_is_overlooked_for_the_source_that_says_so_alone(world, safe_site):
    leave = Access(private_addresses=True, verify_tls=False)
    assert world.fetch(safe_site.url("/a", "localhost"), access=leave, obey_robots=False).body == b"safe"
    assert world.fetch(safe_site.url("/a", "localhost"), obey_robots=False).kind is FaultKind.TLS


def test_a_source_goes_by_its_own_name_before_robots_too(world, site):
    site.routes["/robots.txt"] = answer_of(b"User-agent: Envoywatch\nDisallow: /\n\nUser-agent: Desk\nAllow: /\n")
    site.routes["/a"] = answer_of(b"hello")
    named = Access(private_addresses=True, user_agent="Desk/2 (+https://desk.example)")
    assert world.fetch(site.url("/a"), access=named).body == b"hello"
    assert {asked.headers["user-agent"] for asked in site.asked} == {"Desk/2 (+https://desk.example)"}
    assert world.fetch(site.url("/a")).kind is FaultKind.ROBOTS


def test_robots_are_passed_over_for_the_source_that_says_so_alone(world, site):
    site.routes["/robots.txt"] = answer_of(b"User-agent: *\nDisallow: /\n")
    site.routes["/a"] = answer_of(b"hello")
    assert world.fetch(site.url("/a"), access=Access(obey_robots=False)).body == b"hello"
    assert world.fetch(site.url("/a")).kind is FaultKind.ROBOTS
    assert world.fetch(site.url("/a"), access=Access(obey_robots=True), obey_robots=False).kind is FaultKind.ROBOTS
