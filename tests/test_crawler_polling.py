import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from config.vocabulary import EndpointKind
from crawler.engine import EngineStoppedError
from crawler.exchange import Kind
from crawler.polling import fresh_for, poll
from crawler.workers import WorkerCrashed, WorkerTimeout
from storage.model import Endpoint, EndpointState, FaultKind, Lease, PollOutcome, Proof, SourceSpec, Validators
from tests.crawler_world import answer_of, running_engine

pytest_plugins = ("tests.crawler_fixtures",)

NOW = datetime(2023, 5, 17, 9, 0, tzinfo=UTC)
PROVED = Proof(2, moved=True, whole_at=NOW - timedelta(hours=1))


def feed(*names):
    items = "".join(f"<item><title>{name}</title><link>https://news.example/{name}</link></item>" for name in names)
    return f'<rss version="2.0"><channel><title>N</title>{items}</channel></rss>'.encode()


def lease(*endpoints, validators=None, private=True):
    spec = SourceSpec("News", endpoints, timedelta(minutes=5), private_addresses=private)
    known = validators or tuple(Validators() for _ in endpoints)
    return Lease(7, spec, known, 0, 0, first_poll=False, until=NOW)


class Workers:
    """Runs the jobs here: what processes add is tested with them."""

    error: Exception | None = None

    async def run(self, func, *args):
        if self.error is not None:
            raise self.error
        return await asyncio.to_thread(func, *args)


@pytest.fixture
def ask(world):
    def asked(taken, workers=None, **settings):
        async def once():
            async with running_engine(obey_robots=False, **settings) as engine:
                return await poll(engine, workers or Workers(), taken, NOW)

        return world.run(once())

    return asked


def at(site, path, kind=EndpointKind.FEED, links=None):
    return Endpoint(kind, site.url(path), links)


def test_a_good_answer_gives_entries_and_validators(ask, site):
    body = feed("a", "b")
    site.routes["/f"] = answer_of(
        body, etag='W/"7 "', last_modified="Wed, 17 May 2023 08:00:00 GMT", cache_control="max-age=600"
    )
    made = ask(lease(at(site, "/f")))
    assert (made.outcome, made.source_id, made.position, made.status) == (PollOutcome.ENTRIES, 7, 0, 200)
    assert [entry.title for entry in made.entries] == ["a", "b"]
    given = made.validators
    assert (given.etag, given.last_modified) == ('W/"7 "', "Wed, 17 May 2023 08:00:00 GMT")
    assert given.body_hash == sha256(body).hexdigest()
    assert (made.size, made.fresh_for, made.started_at) == (len(body), timedelta(minutes=10), NOW)
    assert made.took > timedelta(0)


def test_both_validators_are_sent_back_as_they_came(ask, site):
    site.routes["/f"] = answer_of(status="304 Not Modified")
    known = Validators('W/"7 "', "some odd date", "hash", PROVED)
    made = ask(lease(at(site, "/f"), validators=(known,)))
    assert (made.outcome, made.validators, made.status) == (PollOutcome.UNCHANGED, None, 304)
    sent = site.asked[-1].headers
    assert (sent["if-none-match"], sent["if-modified-since"]) == ('W/"7 "', "some odd date")


def test_the_same_body_is_unchanged_though_the_server_says_200(ask, site):
    site.routes["/f"] = answer_of(feed("a"), etag='"2"')
    known = Validators('"1"', None, sha256(feed("a")).hexdigest())
    made = ask(lease(at(site, "/f"), validators=(known,)))
    assert (made.outcome, made.validators.etag) == (PollOutcome.UNCHANGED, '"2"')


def test_promise_24_304_to_an_unconditional_request_is_a_fault(ask, site):
    site.routes["/f"] = answer_of(status="304 Not Modified")
    assert ask(lease(at(site, "/f"))).fault.kind is FaultKind.STATUS


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (answer_of(b"", status="204 No Content"), FaultKind.EMPTY),
        (answer_of(b""), FaultKind.EMPTY),
        (answer_of(b"<!doctype html><html>log in</html>", etag='"x"'), FaultKind.NOT_A_FEED),
        (answer_of(b"<rss><channel>", etag='"x"'), FaultKind.MALFORMED),
        (answer_of(b"no", status="410 Gone"), FaultKind.GONE),
    ],
)
def test_promise_25_a_bad_answer_renews_nothing(ask, site, answer, kind):
    site.routes["/f"] = answer
    made = ask(lease(at(site, "/f")))
    assert (made.outcome, made.fault.kind, made.validators, made.entries) == (PollOutcome.FAULT, kind, None, ())


def test_a_later_endpoint_stands_in_while_an_earlier_one_fails(ask, site):
    site.routes |= {"/two": answer_of(b"<html></html>"), "/three": answer_of(feed("a"))}
    made = ask(lease(at(site, "/one"), at(site, "/two"), at(site, "/three")))
    assert (made.outcome, made.position, made.url) == (PollOutcome.ENTRIES, 2, site.url("/three"))
    assert [(position, fault.kind) for position, fault in made.passed_over] == [
        (0, FaultKind.GONE),
        (1, FaultKind.NOT_A_FEED),
    ]


def test_when_all_fail_the_first_endpoints_fault_is_told_and_the_others_kept(ask, site):
    site.routes["/one"] = answer_of(status="429 Slow", retry_after="60")
    made = ask(lease(at(site, "/one"), at(site, "/two")))
    assert (made.fault.kind, made.position, made.fresh_for) == (FaultKind.RATE_LIMITED, 0, timedelta(minutes=1))
    assert [position for position, _ in made.passed_over] == [1]


def test_a_source_without_endpoints_is_a_fault(ask):
    assert ask(lease()).fault.kind is FaultKind.INTERNAL


def test_a_cut_feed_gives_its_entries_but_no_validators(ask, site):
    body = feed("a", "b")
    site.routes["/f"] = answer_of(body[:-60], content_length=str(len(body)), etag='"1"')
    made = ask(lease(at(site, "/f")))
    assert [entry.title for entry in made.entries][:1] == ["a"]
    assert made.validators is None
    assert any("broke off" in note for note in made.notes)


def test_a_permanent_move_is_noted(ask, site):
    site.routes |= {"/f": answer_of(status="301 Moved", location="/g"), "/g": answer_of(feed("a"))}
    assert ask(lease(at(site, "/f"))).notes == (f"moved for good to {site.url('/g')}",)


def test_private_addresses_are_the_sources_own_leave(ask, site):
    site.routes["/f"] = answer_of(feed("a"))
    assert ask(lease(at(site, "/f"), private=False), private_addresses=False).fault.kind is FaultKind.ADDRESS
    assert ask(lease(at(site, "/f"), private=True), private_addresses=False).outcome is PollOutcome.ENTRIES


@pytest.mark.parametrize("error", [WorkerTimeout("too long"), WorkerCrashed("died")])
def test_promise_19_a_worker_that_dies_of_a_feed_is_that_feeds_fault(ask, site, error):
    site.routes["/f"] = answer_of(feed("a"))
    workers = Workers()
    workers.error = error
    assert ask(lease(at(site, "/f")), workers).fault.kind is FaultKind.MALFORMED


def test_promise_18_an_exception_nobody_foresaw_is_one_internal_fault_with_a_traceback_in_the_log(ask, site, caplog):
    site.routes["/f"] = answer_of(feed("a"))
    workers = Workers()
    workers.error = OverflowError("date value out of range")
    with caplog.at_level(logging.ERROR):
        made = ask(lease(at(site, "/f")), workers)
    assert made.fault.kind is FaultKind.INTERNAL
    assert "Traceback" in caplog.text


def test_an_engine_that_stops_is_no_fault_of_the_source(world, site):
    async def stopped():
        async with running_engine() as engine:
            await engine.stop()
            return await poll(engine, Workers(), lease(at(site, "/f")), NOW)

    with pytest.raises(EngineStoppedError):
        world.run(stopped())


# ---------------------------------------------------------------- what is skipped


def again(taken, made, **changes):
    """The lease of the next poll, with what the last one proved."""
    return replace(taken, validators=(made.validators or taken.validators[0],), **changes)


def built(at, *names):
    return feed(*names).replace(b"<title>N</title>", f"<title>N</title><lastBuildDate>{at}</lastBuildDate>".encode())


def test_of_a_feed_with_one_new_item_that_alone_is_read(ask, site):
    site.routes["/f"] = answer_of(built(1, "a", "b"))
    taken = lease(at(site, "/f"))
    first = ask(taken)
    site.routes["/f"] = answer_of(built(2, "c", "a", "b"))
    second = ask(again(taken, first))
    assert [entry.title for entry in second.entries] == ["c"]
    assert (second.outcome, second.cut, second.held) == (PollOutcome.ENTRIES, 2, 3)


def test_no_worker_is_asked_for_a_feed_with_nothing_new(ask, site):
    site.routes["/f"] = answer_of(built(1, "a", "b").replace(b"<item>", b"<ttl>60</ttl><item>", 1))
    taken = lease(at(site, "/f"))
    first = ask(taken)
    site.routes["/f"] = answer_of(built(2, "b", "a"))
    idle = Workers()
    idle.error = AssertionError("asked")
    second = ask(again(taken, first), idle)
    assert (second.outcome, second.entries, second.cut, second.held) == (PollOutcome.UNCHANGED, (), 2, 2)
    assert second.fresh_for == timedelta(hours=1)
    assert second.validators.body_hash != first.validators.body_hash
    same = ask(again(taken, second), idle)
    assert (same.outcome, same.cut, same.validators.seen) == (PollOutcome.UNCHANGED, 0, second.validators.seen)


def test_a_rest_that_cannot_be_read_alone_is_read_with_all(ask, site):
    live = b"<item><title>%s</title><link>https://news.example/live</link><guid>g%s</guid></item>"
    whole = b"<rss version='2.0'><channel>%s</channel></rss>"
    site.routes["/f"] = answer_of(whole % (live % (b"a", b"1")))
    taken = lease(at(site, "/f"))
    first = ask(taken)
    site.routes["/f"] = answer_of(whole % (live % (b"b", b"2") + live % (b"a", b"1")))
    second = ask(again(taken, first))
    assert ([entry.title for entry in second.entries], second.cut) == (["b", "a"], 0)


def test_a_large_feed_is_looked_through_in_a_worker(ask, site, monkeypatch):
    monkeypatch.setattr("crawler.polling.CUT_HERE_MAX", 10)
    site.routes["/f"] = answer_of(built(1, "a"))
    taken = lease(at(site, "/f"))
    first = ask(taken)
    site.routes["/f"] = answer_of(built(2, "a"))
    second = ask(again(taken, first))
    assert (second.outcome, second.cut) == (PollOutcome.UNCHANGED, 1)


def test_a_servers_validators_are_used_once_they_kept_step_with_the_feed(ask, site):
    taken = lease(at(site, "/f"))
    for number in range(3):
        site.routes["/f"] = answer_of(feed(*map(str, range(number + 1))), etag=f'"{number}"')
        taken = again(taken, ask(taken))
        assert "if-none-match" not in site.asked[-1].headers
    site.routes["/f"] = answer_of(status="304 Not Modified")
    assert ask(taken).outcome is PollOutcome.UNCHANGED
    assert site.asked[-1].headers["if-none-match"] == '"2"'


def test_an_etag_that_every_version_bears_is_told_and_not_used(ask, site):
    taken, notes = lease(at(site, "/f")), []
    for number in range(6):
        site.routes["/f"] = answer_of(feed(*map(str, range(number + 1))), etag='"same"')
        made = ask(taken)
        assert [entry.title for entry in made.entries] == [str(number)]
        taken, notes = again(taken, made), [*notes, *made.notes]
    assert all("if-none-match" not in asked.headers for asked in site.asked)
    assert notes == ["the ETag stayed when the content changed; it is not relied on"]


def test_a_feed_that_moves_only_its_build_date_tells_no_lie_by_its_etag(ask, site):
    taken = lease(at(site, "/f"))
    for number in range(4):
        site.routes["/f"] = answer_of(built(number, "a"), etag='"same"')
        made = ask(taken)
        taken = again(taken, made)
    assert made.validators.proof.lied == ()
    assert site.asked[-1].headers["if-none-match"] == '"same"'


# ---------------------------------------------------------------- the other kinds


def test_a_listing_is_polled_with_its_selector(ask, site):
    site.routes["/l"] = answer_of(
        b'<p><a href="/about">About us</a></p><h5><a href="/1">First visit</a></h5>', etag='"1"'
    )
    made = ask(lease(at(site, "/l", EndpointKind.LISTING, "h5 a")))
    assert [entry.url for entry in made.entries] == [site.url("/1")]
    assert made.validators.etag == '"1"'


def test_a_telegram_preview_is_polled(ask, site):
    body = (
        b'<div class="tgme_widget_message" data-post="chan/1"><div class="tgme_widget_message_text">Words</div></div>'
    )
    site.routes["/t"] = answer_of(body)
    assert [entry.title for entry in ask(lease(at(site, "/t", EndpointKind.TELEGRAM))).entries] == ["Words"]


def test_an_index_of_sitemaps_is_followed_each_address_once_and_never_taken_for_unchanged(ask, site):
    def urlset(path):
        return answer_of(f"<urlset><url><loc>{path}</loc></url></urlset>".encode(), content_type="application/xml")

    children = "".join(f"<sitemap><loc>/{name}.xml</loc></sitemap>" for name in ("gone", "index", "two", "one"))
    index = f"<sitemapindex>{children}</sitemapindex>".encode()
    site.routes |= {
        "/s": answer_of(index, etag='"1"'),
        "/index.xml": answer_of(index),
        "/one.xml": urlset("/a"),
        "/two.xml": urlset("/b"),
    }
    made = ask(lease(at(site, "/s", EndpointKind.SITEMAP)))
    assert [entry.url for entry in made.entries] == [site.url("/a"), site.url("/b")]
    assert made.validators is None
    assert len(made.notes) == 1
    assert sorted(site.paths()) == ["/gone.xml", "/index.xml", "/one.xml", "/s", "/two.xml"]


def test_an_index_none_of_whose_sitemaps_can_be_read_is_a_fault(ask, site):
    site.routes["/s"] = answer_of(b"<sitemapindex><sitemap><loc>/gone.xml</loc></sitemap></sitemapindex>")
    assert ask(lease(at(site, "/s", EndpointKind.SITEMAP))).fault.kind is FaultKind.GONE


def test_an_unknown_spider_is_told(ask):
    made = ask(lease(Endpoint(EndpointKind.SPIDER, "nobody")))
    assert "nobody" in made.fault.detail


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"cache-control": "public, Max-Age = 300"}, timedelta(minutes=5)),
        ({"cache-control": 'max-age="60"'}, timedelta(minutes=1)),
        ({"cache-control": "max-age=99999999999999999999"}, timedelta(hours=24)),
        ({"cache-control": "no-cache, max-age=300"}, None),
        ({"cache-control": "public, max-age=300", "age": "100"}, timedelta(seconds=200)),
        ({"cache-control": "max-age=300", "age": "300"}, None),
        ({"cache-control": "max-age=300", "age": "100, 20"}, timedelta(seconds=200)),
        ({"cache-control": "max-age=300", "age": "-100"}, timedelta(seconds=300)),
        ({"cache-control": "max-age=300", "age": "99999999999999999999"}, None),
        ({"cache-control": "max-age=180000", "age": "3600"}, timedelta(hours=24)),
        ({"cache-control": "max-age=-1"}, None),
        ({"cache-control": "max-age=٣"}, None),
        ({"expires": "Wed, 17 May 2023 10:00:00 GMT", "date": "Wed, 17 May 2023 09:00:00 GMT"}, timedelta(hours=1)),
        ({"expires": "Wed, 17 May 2099 10:00:00 GMT", "date": "Wed, 17 May 2023 09:00:00 GMT"}, timedelta(hours=24)),
        ({"expires": "0", "date": "Wed, 17 May 2023 09:00:00 GMT"}, None),
        ({"expires": "Wed, 17 May 2023 10:00:00 GMT"}, None),
    ],
)
def test_promise_24_how_long_an_answer_holds_is_read_and_clamped(headers, expected):
    assert fresh_for(headers) == expected


def test_a_poll_asks_for_feeds_first():
    assert Kind("feed") is Kind.FEED


# ---------------------------------------------------------------- order of endpoints


def test_an_endpoint_that_rests_is_not_asked_while_another_stands_in(ask, site):
    site.routes["/first"] = answer_of(b"", status="503 Busy")
    site.routes["/second"] = answer_of(feed("a"), content_type="application/rss+xml")
    taken = lease(at(site, "/first"), at(site, "/second"))
    found = ask(replace(taken, endpoints=(EndpointState(3, NOW + timedelta(hours=1)), EndpointState())))
    assert (found.position, found.passed_over, site.paths()) == (1, (), ["/second"])
    assert found.notes == ("address 2 stands in for address 1 (rests after its failures)",)


def test_an_endpoint_that_fails_again_and_again_is_sent_to_rest_and_taken_back(ask, site):
    site.routes["/first"] = answer_of(b"", status="503 Busy")
    site.routes["/second"] = answer_of(feed("a"), content_type="application/rss+xml")
    taken = lease(at(site, "/first"), at(site, "/second"))
    assert ask(taken).rests == ()
    ((position, until),) = ask(replace(taken, endpoints=(EndpointState(2), EndpointState()))).rests
    assert (position, until > NOW) == (0, True)
    site.routes["/first"] = answer_of(feed("b"), content_type="application/rss+xml")
    back = ask(replace(taken, endpoints=(EndpointState(3, NOW), EndpointState())))
    assert (back.position, back.entries[0].title, back.notes) == (0, "b", ())


def test_when_nothing_else_answers_what_rests_is_asked_too_and_the_first_endpoint_speaks_for_the_source(ask, site):
    site.routes["/first"] = answer_of(b"", status="503 Busy")
    site.routes["/second"] = answer_of(b"", status="404 Not Found")
    taken = lease(at(site, "/first"), at(site, "/second"))
    found = ask(replace(taken, endpoints=(EndpointState(3, NOW + timedelta(hours=1)), EndpointState())))
    assert site.paths() == ["/second", "/first"]
    assert (found.position, found.fault.kind, [one for one, _ in found.passed_over]) == (0, FaultKind.SERVER, [1])
