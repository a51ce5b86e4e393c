import asyncio
import gzip
import logging
import ssl
import subprocess
import sys
import textwrap
import zlib
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import brotli
import pytest
import zstandard

from crawler.engine import Engine, EngineStoppedError, Fetch, Kind, Page, settings_of
from crawler.middlewares import Rules, without_robots
from crawler.settings import EngineSettings, product_token, scrapy_settings
from storage.model import Access, Fault, FaultKind
from tests.crawler_world import answer_of, running_engine

pytest_plugins = ("tests.crawler_fixtures",)

ROBOTS = answer_of(b"User-agent: envoywatch\nDisallow: /closed\nCrawl-delay: 0.2\n", content_type="text/plain")


def redirect(to, status="302 Found", body=b""):
    return answer_of(body, status=status, location=to)


def test_a_page_comes_back_whole_with_its_headers(world, site):
    site.routes["/a"] = answer_of("żółw".encode(), etag='"1"', x_thing="one")
    page = world.fetch(site.url("/a"))
    assert isinstance(page, Page)
    assert (page.status, page.body.decode(), page.content_type) == (200, "żółw", "text/html; charset=utf-8")
    assert (page.headers["etag"], page.headers["x-thing"]) == ('"1"', "one")
    assert page.url == site.url("/a")
    assert page.permanent_redirect is None


def test_our_name_and_the_given_headers_are_sent(world, site):
    site.routes["/a"] = answer_of(b"x")
    world.fetch(site.url("/a"), user_agent="Envoywatch/9 (test)", headers={"If-None-Match": 'W/"x"'}, kind=Kind.FEED)
    sent = site.asked[-1].headers
    assert sent["user-agent"] == "Envoywatch/9 (test)"
    assert sent["if-none-match"] == 'W/"x"'
    assert "atom" in sent["accept"]
    assert sent["connection"] == "close"
    assert sent["accept-encoding"].replace(" ", "") == "gzip,deflate,br,zstd"
    assert "cookie" not in sent
    assert "referer" not in sent


@pytest.mark.parametrize(
    ("status", "headers", "kind", "retry_after"),
    [
        ("401 Unauthorized", {}, FaultKind.BLOCKED, None),
        ("403 Forbidden", {}, FaultKind.BLOCKED, None),
        ("404 Not Found", {}, FaultKind.GONE, None),
        ("410 Gone", {}, FaultKind.GONE, None),
        ("418 Teapot", {}, FaultKind.STATUS, None),
        ("429 Too Many", {"retry_after": "120"}, FaultKind.RATE_LIMITED, timedelta(seconds=120)),
        ("429 Too Many", {"retry_after": "99999999999999999999"}, FaultKind.RATE_LIMITED, timedelta(hours=24)),
        ("500 Oops", {}, FaultKind.SERVER, None),
        ("503 Busy", {}, FaultKind.SERVER, None),
        ("503 Busy", {"retry_after": "7"}, FaultKind.RATE_LIMITED, timedelta(seconds=7)),
        ("599 Odd", {}, FaultKind.SERVER, None),
        ("300 Choose", {}, FaultKind.REDIRECTS, None),
    ],
)
def test_promise_24_statuses_are_understood(world, site, status, headers, kind, retry_after):
    site.routes["/a"] = answer_of(b"sorry", status=status, **headers)
    fault = world.fetch(site.url("/a"))
    assert (fault.kind, fault.status, fault.retry_after) == (kind, int(status[:3]), retry_after)
    assert status[:3] in fault.detail


def test_odd_bytes_of_a_header_come_back_as_they_were(world, site):
    site.routes["/a"] = answer_of(b"x", etag='"caf\xe9"')
    etag = world.fetch(site.url("/a")).headers["etag"]
    world.fetch(site.url("/a"), headers={"If-None-Match": etag})
    assert site.asked[-1].headers["if-none-match"] == '"caf\xe9"'


def test_not_modified_is_an_answer(world, site):
    site.routes["/a"] = answer_of(status="304 Not Modified")
    assert world.fetch(site.url("/a")).status == 304


# ---------------------------------------------------------------- redirects


def test_redirects_are_followed_and_permanent_ones_reported(world, site):
    site.routes |= {
        "/a": redirect("/b", "301 Moved"),
        "/b": redirect("c", "308 Moved"),
        "/c": redirect(site.url("/d#part"), "302 Found"),
        "/d": answer_of(b"here"),
    }
    page = world.fetch(site.url("/a"))
    assert (page.body, page.url, page.permanent_redirect) == (b"here", site.url("/d"), site.url("/c"))


def test_promise_17_the_body_of_a_redirect_is_not_read(world, site):
    sent = []

    async def endless(asked, writer):
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Type: text/html\r\n\r\n")
        for _ in range(500):
            writer.write(b"x" * 100_000)
            await writer.drain()
            sent.append(1)

    site.routes |= {"/a": endless, "/b": answer_of(b"here")}
    assert world.fetch(site.url("/a")).body == b"here"
    assert len(sent) < 500


def test_promise_21_a_redirect_without_end_stops_after_ten(world, site):
    site.routes["/a"] = redirect("/a")
    fault = world.fetch(site.url("/a"))
    assert fault.kind is FaultKind.REDIRECTS
    assert len(site.paths()) == 11


@pytest.mark.parametrize(
    "target", ["ftp://127.0.0.1/x", "file:///etc/passwd", "javascript:alert(1)", "data:text/html,x"]
)
def test_promise_21_redirects_leave_http_never(world, site, target):
    site.routes["/a"] = redirect(target)
    assert world.fetch(site.url("/a")).kind is FaultKind.REDIRECTS


def test_promise_21_credentials_go_to_their_own_origin_only(world, site):
    other = world.site(b=answer_of(b"x"))
    site.routes |= {"/a": redirect("/here"), "/here": redirect(other.url("/b"))}
    world.fetch(site.url("/a").replace("//", "//us%65r:s3cret@"))
    assert [asked.headers.get("authorization", "")[:6] for asked in site.asked if asked.path != "/robots.txt"] == [
        "Basic "
    ] * 2
    assert all("authorization" not in asked.headers for asked in other.asked)
    world.run(other.stop())


# ---------------------------------------------------------------- the address guard


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_promise_22_private_addresses_are_refused_however_they_are_written(world, site, host):
    site.routes["/a"] = answer_of(b"secret")
    fault = world.fetch(site.url("/a", host), private_addresses=False)
    assert fault.kind is FaultKind.ADDRESS
    assert site.asked == []


def test_a_sources_own_leave_opens_private_addresses_for_it_alone(world, site):
    site.routes["/a"] = answer_of(b"intranet")

    async def both():
        async with running_engine(private_addresses=False) as engine:
            allowed = await engine.fetch(Fetch(site.url("/a"), access=Access(private_addresses=True), kind=Kind.PAGE))
            refused = await engine.fetch(Fetch(site.url("/a"), kind=Kind.PAGE))
            return allowed, refused

    allowed, refused = world.run(both())
    assert allowed.body == b"intranet"
    assert refused.kind is FaultKind.ADDRESS


def test_promise_22_a_public_page_cannot_redirect_to_a_private_address(world, site, monkeypatch):
    monkeypatch.setattr("crawler.guard.is_public", lambda address: address == "127.0.0.2")
    site.routes["/a"] = redirect(site.url("/inner"))
    site.routes["/inner"] = answer_of(b"secret")
    front = world.site(a=redirect(site.url("/inner")))
    fault = world.fetch(front.url("/a"), private_addresses=False)
    assert fault.kind is FaultKind.ADDRESS
    assert "/inner" not in site.paths()
    world.run(front.stop())


# ---------------------------------------------------------------- sizes and encodings


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data)[2:-4]),
        ("br", brotli.compress),
        ("zstd", zstandard.compress),
    ],
)
def test_promise_17_compressed_bodies_are_unpacked_within_the_limit(world, site, encoding, pack):
    site.routes["/a"] = answer_of(pack(b"word " * 1000), content_encoding=encoding)
    site.routes["/bomb"] = answer_of(pack(b"0" * 3_000_000), content_encoding=encoding)
    assert world.fetch(site.url("/a")).body == b"word " * 1000
    assert world.fetch(site.url("/bomb"), max_size=1_000_000).kind is FaultKind.TOO_LARGE


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br, gzip", "compress", "exi"])
def test_promise_17_layers_and_unknown_encodings_are_refused(world, site, encoding):
    site.routes["/a"] = answer_of(gzip.compress(gzip.compress(b"x")), content_encoding=encoding)
    assert world.fetch(site.url("/a")).kind is FaultKind.MALFORMED


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "identity", ""])
def test_a_body_that_only_claims_to_be_compressed_is_read_as_it_is(world, site, encoding):
    site.routes["/a"] = answer_of(b"<rss>plain</rss>", content_encoding=encoding)
    assert world.fetch(site.url("/a")).body == b"<rss>plain</rss>"


def test_an_announced_giant_is_refused_unread_and_an_unannounced_one_at_the_limit(world, site):
    async def endless(asked, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x" * 100_000)
            await writer.drain()

    site.routes |= {"/told": answer_of(b"x", content_length=str(50 * 2**20)), "/untold": endless}
    assert world.fetch(site.url("/told"), max_size=100_000).kind is FaultKind.TOO_LARGE
    assert world.fetch(site.url("/untold"), max_size=100_000).kind is FaultKind.TOO_LARGE


@pytest.mark.parametrize(
    "piece", [b"X-Thing: %s\r\n" % (b"y" * 900), b"\r\nHTTP/1.1 100 Continue\r\nX: %s\r\n" % (b"y" * 900)]
)
def test_promise_17_headers_without_end_are_given_up(world, site, piece):
    async def headers(asked, writer):
        writer.write(b"HTTP/1.1 100 Continue\r\n")
        for _ in range(2_000):
            writer.write(piece)
            await writer.drain()

    site.routes["/a"] = headers
    assert world.fetch(site.url("/a")).kind is FaultKind.TOO_LARGE


def test_long_but_honest_headers_are_read(world, site):
    site.routes["/a"] = answer_of(b"x" * 300_000, **{f"x_{number}": "y" * 1000 for number in range(200)})
    assert len(world.fetch(site.url("/a")).body) == 300_000


def test_a_cut_body_is_kept_and_marked(world, site):
    site.routes["/a"] = answer_of(b"half", content_length="1000")
    page = world.fetch(site.url("/a"))
    assert (page.body, page.truncated) == (b"half", True)


def test_a_picture_is_not_read_where_a_page_was_hoped_for(world, site):
    site.routes["/a"] = answer_of(b"\x89PNG", content_type="image/png")
    assert world.fetch(site.url("/a"), kind=Kind.PAGE).body == b""
    assert world.fetch(site.url("/a"), kind=Kind.ANY).body == b"\x89PNG"


# ---------------------------------------------------------------- time


@pytest.mark.parametrize("where", ["headers", "body"])
def test_promise_16_one_deadline_bounds_a_server_that_drips(world, site, where):
    async def drip(asked, writer):
        if where == "body":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
        for byte in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.02)

    site.routes["/a"] = drip
    assert world.fetch(site.url("/a"), timeout=timedelta(seconds=0.3)).kind is FaultKind.TIMEOUT


def test_promise_16_the_deadline_is_for_all_hops_together(world, site):
    async def slow(asked, writer):
        await asyncio.sleep(0.15)
        writer.write(redirect("/a"))

    site.routes["/a"] = slow
    assert world.fetch(site.url("/a"), timeout=timedelta(seconds=0.4)).kind is FaultKind.TIMEOUT
    assert 2 <= len(site.paths()) <= 4


def test_waiting_for_a_turn_does_not_count(world, site):
    async def slow(asked, writer):
        await asyncio.sleep(0.1)
        writer.write(answer_of(b"x"))

    async def crowd():
        async with running_engine(per_host=1, timeout=timedelta(seconds=0.35), obey_robots=False) as engine:
            return await asyncio.gather(*(engine.fetch(Fetch(site.url("/a"))) for _ in range(8)))

    site.routes["/a"] = slow
    assert all(isinstance(page, Page) for page in world.run(crowd()))
    assert site.most_in_flight == 1


# ---------------------------------------------------------------- politeness


def test_promise_28_at_most_per_host_requests_are_in_flight_whatever_their_kind(world, site):
    async def slow(asked, writer):
        await asyncio.sleep(0.02)
        writer.write(answer_of(b"x"))

    async def crowd():
        async with running_engine(per_host=2) as engine:
            kinds = [Kind.FEED, Kind.PAGE, Kind.ANY] * 4
            return await asyncio.gather(*(engine.fetch(Fetch(site.url("/a"), kind=kind)) for kind in kinds))

    site.routes["/a"] = slow
    assert len(world.run(crowd())) == 12
    assert site.most_in_flight == 2


def test_promise_28_the_delay_holds_between_all_requests_to_a_host_robots_and_redirects_among_them(world, site):
    site.routes |= {"/robots.txt": answer_of(b""), "/a": redirect("/b"), "/b": answer_of(b"x")}

    async def several():
        async with running_engine(delay=timedelta(seconds=0.1)) as engine:
            await asyncio.gather(*(engine.fetch(Fetch(site.url("/a"))) for _ in range(2)))

    world.run(several())
    times = [asked.at for asked in site.asked]
    assert len(times) == 5
    assert times[-1] - times[0] > 0.3  # four gaps of 0.1 s; each by itself blurs on its way to the server


def test_robots_are_asked_once_obeyed_and_their_crawl_delay_held(world, site):
    site.routes |= {"/robots.txt": ROBOTS, "/closed": answer_of(b"x"), "/open": answer_of(b"x")}

    async def several():
        async with running_engine() as engine:
            return [await engine.fetch(Fetch(site.url(path))) for path in ("/open", "/closed", "/open")]

    first, second, third = world.run(several())
    assert isinstance(first, Page)
    assert isinstance(third, Page)
    assert second.kind is FaultKind.ROBOTS
    assert [asked.path for asked in site.asked] == ["/robots.txt", "/open", "/open"]
    assert site.asked[2].at - site.asked[0].at > 0.15


def test_robots_can_be_left_unasked(world, site):
    site.routes |= {"/robots.txt": ROBOTS, "/closed": answer_of(b"x")}
    assert world.fetch(site.url("/closed"), obey_robots=False).body == b"x"
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    "robots",
    [answer_of(status="404 Not Found"), answer_of(status="403 No"), redirect("/robots.txt"), redirect("ftp://x/")],
)
def test_robots_that_there_are_not_allow(world, site, robots):
    site.routes |= {"/robots.txt": robots, "/a": answer_of(b"x")}
    assert world.fetch(site.url("/a")).body == b"x"


async def silence(asked, writer):
    await asyncio.sleep(0.2)


@pytest.mark.parametrize(
    ("robots", "kind", "told", "wish"),
    [
        (answer_of(status="500 Oops"), FaultKind.ROBOTS_LOST, "robots.txt of 127.0.0.1 cannot be had: the", None),
        (answer_of(status="503 Busy", retry_after="90"), FaultKind.ROBOTS_LOST, "503 Service Unavailable", 90),
        (silence, FaultKind.ROBOTS_LOST, "took longer than the limit", None),
        (b"", FaultKind.CONNECT, ", asked for its robots.txt", None),
    ],
)
def test_while_robots_are_unreachable_and_not_known_nothing_is_asked_for(world, site, robots, kind, told, wish):
    site.routes |= {"/robots.txt": robots, "/a": answer_of(b"x")}

    async def twice():
        async with running_engine(timeout=timedelta(seconds=0.1)) as engine:
            return [await engine.fetch(Fetch(site.url("/a"))) for _ in range(2)]

    faults = world.run(twice())
    assert [fault.kind for fault in faults] == [kind, kind]
    assert all(told in fault.detail for fault in faults)
    assert {fault.retry_after for fault in faults} == {wish and timedelta(seconds=wish)}
    assert [asked.path for asked in site.asked] == ["/robots.txt"], "nor is it asked for again at once"


def test_robots_that_become_unreachable_hold_as_they_were_and_are_obeyed_when_they_are_back(world, site, monkeypatch):
    monkeypatch.setattr("crawler.middlewares._ROBOTS_FRESH_S", 0.0)
    monkeypatch.setattr("crawler.middlewares._ROBOTS_STALE_S", 0.0)
    monkeypatch.setattr("crawler.middlewares._ROBOTS_LOST_S", 0.0)
    site.routes |= {"/open": answer_of(b"x"), "/closed": answer_of(b"x")}
    lost = answer_of(b"", status="500 Oops")

    async def kinds():
        said = []
        async with running_engine() as engine:
            for robots in (lost, ROBOTS, lost, lost, answer_of(b"")):
                site.routes["/robots.txt"] = robots
                pair = [await engine.fetch(Fetch(site.url(path))) for path in ("/open", "/closed")]
                said.append([one.kind if isinstance(one, Fault) else one.body for one in pair])
        return said

    known = [b"x", FaultKind.ROBOTS]
    assert world.run(kinds()) == [[FaultKind.ROBOTS_LOST] * 2, known, known, known, [b"x", b"x"]]


def test_robots_that_were_never_had_count_as_none_after_thirty_days():
    trouble = Fault(FaultKind.ROBOTS_LOST, "500")
    day = 24 * 3600.0
    rules = without_robots(None, trouble, 0.0)
    for now in (day, 29 * day, 30 * day - 1):
        rules = without_robots(rules, trouble, now)
        assert rules.trouble is trouble
    rules = without_robots(rules, trouble, 30 * day)
    assert (rules.trouble, rules.parser) == (None, None)
    assert without_robots(rules, trouble, 31 * day).trouble is None
    assert without_robots(Rules(), trouble, 0.0).trouble is None, "there was none, and that is what is known"


def test_robots_are_found_behind_a_redirect(world, site):
    site.routes |= {"/robots.txt": redirect("/r"), "/r": ROBOTS, "/closed": answer_of(b"x")}
    assert world.fetch(site.url("/closed")).kind is FaultKind.ROBOTS


# ---------------------------------------------------------------- troubles of the network


def test_troubles_of_the_network_are_faults_with_their_kind(world, site):
    async def silent(asked, writer):
        pass

    async def reset(asked, writer):
        writer.transport.abort()

    site.routes |= {"/silent": silent, "/reset": reset, "/nonsense": b"SSH-2.0-OpenSSH\r\n\r\n"}
    kinds = {path: world.fetch(site.url(path), obey_robots=False).kind for path in ("/silent", "/reset", "/nonsense")}
    assert kinds == {"/silent": FaultKind.CONNECT, "/reset": FaultKind.CONNECT, "/nonsense": FaultKind.MALFORMED}
    closed = world.site()
    world.run(closed.stop())
    assert world.fetch(closed.url("/")).kind is FaultKind.CONNECT
    assert world.fetch(site.url("/", "nowhere.invalid")).kind is FaultKind.NAME


@pytest.mark.parametrize(
    "url", ["http://", "http://[", "http://a b/", "http://exa mple/", "nonsense", "http://%zz/", "http://x:99999/"]
)
def test_an_impossible_address_is_a_fault(world, url):
    fault = world.fetch(url)
    assert isinstance(fault, Fault)
    assert fault.kind in {FaultKind.NAME, FaultKind.REDIRECTS}


def test_an_exception_nobody_foresaw_is_logged_and_becomes_an_internal_fault(world, site, monkeypatch, caplog):
    monkeypatch.setattr("crawler.engine.redirect_target", lambda *_: 1 / 0)
    site.routes["/a"] = answer_of(b"x")
    with caplog.at_level(logging.ERROR):
        assert world.fetch(site.url("/a")).kind is FaultKind.INTERNAL
    assert "ZeroDivisionError" in caplog.text


def test_promise_23_a_certificate_nobody_vouches_for_is_refused(world, safe_site):
    fault = world.fetch(safe_site.url("/a", "localhost"), obey_robots=False)
    assert fault.kind is FaultKind.TLS
    assert safe_site.asked == []


def test_promise_23_a_trusted_certificate_counts_for_its_own_name_only(world, safe_site, certificate, monkeypatch):
    context = ssl.create_default_context(cafile=certificate / "certificate.pem")
    monkeypatch.setattr("crawler.connections.trusting_context", lambda: context)
    assert world.fetch(safe_site.url("/a", "localhost"), obey_robots=False).body == b"safe"
    assert world.fetch(safe_site.url("/a", "127.0.0.1"), obey_robots=False).kind is FaultKind.TLS


# ---------------------------------------------------------------- life


def test_an_engine_that_does_not_run_says_so(world):
    engine = Engine(EngineSettings())
    with pytest.raises(EngineStoppedError):
        world.run(engine.fetch(Fetch("http://127.0.0.1/")))
    world.run(engine.stop())


def test_an_engine_that_cannot_start_says_why(world, monkeypatch):
    monkeypatch.setattr("crawler.engine.scrapy_settings", lambda _: {"DOWNLOADER": "crawler.nowhere.Downloader"})
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        world.run(Engine(EngineSettings()).start())


def test_only_http_is_fetched(world):
    assert world.fetch("ftp://127.0.0.1/x").kind is FaultKind.REDIRECTS


def test_stopping_drains_and_then_cancels(world, site):
    async def forever(asked, writer):
        await asyncio.sleep(0.2 if asked.path == "/soon" else 5)
        writer.write(answer_of(b"x"))

    async def stop():
        async with running_engine(obey_robots=False) as engine:
            soon = asyncio.ensure_future(engine.fetch(Fetch(site.url("/soon"))))
            late = asyncio.ensure_future(engine.fetch(Fetch(site.url("/late"))))
            await asyncio.sleep(0.1)
            await engine.stop(timedelta(seconds=0.4))
            return await asyncio.gather(soon, late, return_exceptions=True)

    site.routes |= {"/soon": forever, "/late": forever}
    soon, late = world.run(stop())
    assert soon.body == b"x"
    assert isinstance(late, asyncio.CancelledError)


def test_a_cancelled_fetch_gives_its_turn_back(world, site):
    async def forever(asked, writer):
        await asyncio.sleep(5)

    async def cancel():
        async with running_engine(obey_robots=False, per_host=1) as engine:
            task = asyncio.ensure_future(engine.fetch(Fetch(site.url("/hang"))))
            await asyncio.sleep(0.1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            other = await engine.fetch(Fetch(site.url("/a")))
            return other, len(engine._gates)

    site.routes |= {"/hang": forever, "/a": answer_of(b"x")}
    other, gates = world.run(cancel())
    assert (other.body, gates) == (b"x", 0)


def test_settings_are_taken_while_running(world, site):
    site.routes |= {"/robots.txt": answer_of(b"User-agent: renamed\nDisallow: /\n"), "/a": answer_of(b"x")}

    async def change():
        async with running_engine() as engine:
            before = await engine.fetch(Fetch(site.url("/a")))
            engine.update(EngineSettings(user_agent="Renamed/2", private_addresses=True))
            return before, await engine.fetch(Fetch(site.url("/a")))

    before, after = world.run(change())
    assert isinstance(before, Page)
    assert after.kind is FaultKind.ROBOTS


def test_a_new_gap_and_limit_hold_from_the_next_request_of_a_host_on(world, site):
    site.routes["/a"] = answer_of(b"x")

    async def change():
        async with running_engine(obey_robots=False) as engine:
            await engine.fetch(Fetch(site.url("/a")))
            engine.update(EngineSettings(delay=timedelta(seconds=0.1), per_host=5, private_addresses=True))
            await engine.fetch(Fetch(site.url("/a")))
            return [(slot.delay, slot.concurrency) for slot in engine._crawler.engine.downloader.slots.values()]

    assert world.run(change()) == [(0.1, 5)]


def test_promise_28_the_gap_of_robots_txt_holds_for_the_request_that_read_it_and_all_after(world, site):
    site.routes |= {"/robots.txt": answer_of(b"User-agent: *\nCrawl-delay: 0.1\n"), "/a": answer_of(b"x")}

    async def look():
        async with running_engine() as engine:
            await asyncio.gather(*(engine.fetch(Fetch(site.url("/a"))) for _ in range(3)))
            return engine.gap_at(f"127.0.0.1:{site.port}")

    assert world.run(look()) == 0.1
    moments = [asked.at for asked in site.asked]
    assert all(after - before >= 0.09 for before, after in pairwise(moments))


def test_a_429_on_any_page_lets_the_whole_host_alone(world, site):
    site.routes |= {
        "/page": answer_of(b"", status="429 Too Many", retry_after="600"),
        "/feed": answer_of(b"x"),
    }

    async def ask():
        async with running_engine(obey_robots=False) as engine:
            first = await engine.fetch(Fetch(site.url("/page")))
            return first, await engine.fetch(Fetch(site.url("/feed"))), engine.hosts.take_changed()

    first, second, changed = world.run(ask())
    assert (first.kind, second.kind) == (FaultKind.RATE_LIMITED, FaultKind.RATE_LIMITED)
    assert timedelta(seconds=590) < second.retry_after <= timedelta(seconds=600)
    assert "asked of it until" in second.detail
    assert site.paths() == ["/page"]
    assert [state.refusals for state in changed] == [1]


def test_a_short_wish_of_a_host_is_waited_for(world, site):
    async def busy(asked, writer):
        refuse = len(site.paths()) == 1
        writer.write(answer_of(b"", status="429 Too Many", retry_after="0") if refuse else answer_of(b"x"))

    site.routes["/a"] = busy

    async def ask():
        async with running_engine(obey_robots=False) as engine:
            await engine.fetch(Fetch(site.url("/a")))
            engine.hosts.note(f"127.0.0.1:{site.port}", 429, timedelta(0), timedelta(seconds=0.1))
            return await engine.fetch(Fetch(site.url("/a")))

    assert world.run(ask()).body == b"x"
    assert site.asked[1].at - site.asked[0].at >= 0.1


def test_the_settings_we_name_are_those_that_hold(world):
    async def look():
        async with running_engine(per_host=3, delay=timedelta(seconds=2)) as engine:
            crawler = engine._crawler
            middlewares = [type(made).__name__ for made in crawler.engine.downloader.middleware.middlewares]
            spider_side = [type(made).__name__ for made in crawler.engine.scraper.spidermw.middlewares]
            handlers = crawler.engine.downloader.handlers._schemes
            return crawler.extensions.middlewares, middlewares, spider_side, dict(handlers), crawler.settings.frozen

    extensions, middlewares, spider_side, handlers, frozen = world.run(look())
    assert extensions == ()
    assert middlewares == ["RobotsMiddleware", "CompressionMiddleware"]
    assert spider_side == ["StartSpiderMiddleware"]
    assert set(handlers) == {"http", "https"}
    assert frozen


def test_our_settings_all_have_names_scrapy_knows():
    from scrapy.settings import default_settings

    assert [name for name in scrapy_settings(EngineSettings()) if not hasattr(default_settings, name)] == []


def test_settings_come_from_the_configuration():
    from config.model import Crawl

    settings = settings_of(Crawl(per_host=4, max_size_mb=2, user_agent="Me/1 (x)", private_addresses=True))
    assert (settings.per_host, settings.max_size, settings.private_addresses) == (4, 2 * 2**20, True)
    assert product_token(settings.user_agent) == "Me"


def test_run_gives_the_coroutines_exit_code_under_our_reactor():
    program = """
        import envoywatch
        from crawler.engine import run
        async def main():
            from twisted.internet import reactor
            print(type(reactor).__name__)
            return 7
        raise SystemExit(run(main))
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (7, "AsyncioSelectorReactor", "")


def test_an_http_date_in_retry_after_is_measured_by_the_servers_clock(world, site):
    date = datetime(2031, 1, 1, 12, 0, tzinfo=UTC)
    site.routes["/a"] = answer_of(
        status="429 Slow", date=f"{date:%a, %d %b %Y %H:%M:%S} GMT", retry_after="Wed, 01 Jan 2031 12:05:00 GMT"
    )
    assert world.fetch(site.url("/a")).retry_after == timedelta(minutes=5)
