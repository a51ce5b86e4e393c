"""axe-core, the accessibility checker, over every page in both themes; skipped where it or chromium is not there."""

import os
from pathlib import Path

import pytest

from tests.browsing import NEEDS_CHROMIUM, Site, Watched, chromium
from tests.mission_database import seed

AXE = Path(os.environ.get("ENVOYWATCH_AXE", "axe.min.js"))
PATHS = (
    "/", "/?days=7", "/alerts", "/alerts/5", "/meetings", "/meetings/11", "/trips?person=Li+Hui",
    "/stories", "/stories/1", "/articles/1", "/search",
    "/search?q=envoy", "/search?q=(", "/sources", "/sources/7", "/outbox", "/watches", "/watches?add=meeting",
    "/watches/Talks%20about%20the%20war", "/watches/Audience%20with%20a%20leader", "/try?q=envoy",
    "/people", "/people?name=Li+Hui", "/settings", "/nowhere",
)  # fmt: skip

pytestmark = [
    *NEEDS_CHROMIUM,
    pytest.mark.skipif(
        not AXE.is_file(), reason="axe-core is not there: `npm pack axe-core`, and ENVOYWATCH_AXE names its axe.min.js"
    ),
]


ALL = "axe.run(document, {resultTypes: ['violations']})"
COLOURS = "axe.run(document, {runOnly: ['color-contrast']})"  # all that a theme can change


def faults(page, rules):
    """What axe complains of: the rule, where, and how to mend it."""
    found = page.evaluate(rules)["violations"]
    return [(one["id"], node["target"], node["failureSummary"]) for one in found for node in one["nodes"]]


def test_axe_finds_nothing_on_any_page_in_either_theme_nor_in_what_opens_over_it(tmp_path):
    path = tmp_path / "envoywatch.db"
    seed(path)
    site = Site(path)
    site.start()
    locked = Site(path, "the password")
    locked.start()
    assert site.ready.wait(10)
    assert locked.ready.wait(10)
    axe = AXE.read_text(encoding="utf-8")
    with chromium() as browser:
        for scheme, rules in (("light", ALL), ("dark", COLOURS)):
            tab = Watched(browser, color_scheme=scheme)
            for address in PATHS:
                tab.page.goto(site.url + address)
                tab.page.evaluate(axe)
                assert faults(tab.page, rules) == [], (scheme, address)
            tab.page.goto(site.url)
            site.alert(scheme)
            tab.page.locator("#arrived button").wait_for()
            tab.page.keyboard.press("?")
            tab.page.evaluate(axe)
            assert faults(tab.page, rules) == [], (scheme, "the notice and the keys")
            for address in ("/login", "/meetings"):  # which leads there
                tab.page.goto(locked.url + address)
                tab.page.evaluate(axe)
                assert faults(tab.page, rules) == [], (scheme, address)
            tab.page.fill("input[type=password]", "wrong")
            tab.page.keyboard.press("Enter")
            tab.page.locator("[role=alert]").wait_for()
            tab.page.evaluate(axe)
            assert faults(tab.page, rules) == [], (scheme, "a wrong password")
            assert all(url.startswith((site.url, locked.url)) for url in tab.requests)
            tab.context.close()
    site.stop()
