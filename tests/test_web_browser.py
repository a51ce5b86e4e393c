"""The page in a real browser: Debian's chromium, driven by Playwright; skipped where that is not installed."""

import re
from datetime import datetime, timedelta, timezone

import pytest
from playwright.sync_api import expect

from tests.browsing import NEEDS_CHROMIUM, Site, Watched, chromium
from tests.mission_database import seed

PATHS = (
    "/", "/alerts", "/alerts/5", "/meetings", "/meetings/11", "/search?q=envoy", "/sources", "/sources/7", "/outbox",
    "/watches", "/watches/Talks%20about%20the%20war", "/people", "/people?q=li", "/people?name=Li+Hui", "/settings",
)  # fmt: skip

pytestmark = NEEDS_CHROMIUM


@pytest.fixture
def site(tmp_path):
    path = tmp_path / "envoywatch.db"
    seed(path)
    site = Site(path)
    site.start()
    assert site.ready.wait(10)
    yield site
    site.stop()


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


def test_an_alert_is_reviewed_and_undone_by_keyboard(browser, site):
    tab = Watched(browser)
    page = tab.page
    page.goto(site.url)
    page.keyboard.press("j")
    chosen = page.locator(".chosen")
    alert = int(chosen.get_attribute("id").removeprefix("alert-"))
    with page.expect_navigation():
        page.keyboard.press("2")
    assert site.review_of(alert) == "wrong-status"
    assert page.url.endswith(f"#alert-{alert}")
    assert "wrong status" in chosen.inner_text()
    with page.expect_navigation():
        page.keyboard.press("u")
    assert site.review_of(alert) is None
    page.keyboard.press("j")
    assert int(chosen.get_attribute("id").removeprefix("alert-")) != alert
    with page.expect_navigation():
        page.keyboard.press("o")
    assert "/alerts/" in page.url
    with page.expect_navigation():
        page.keyboard.press("/")
    page.locator("#q").press_sequentially("jo")
    assert page.locator("#q").input_value() == "jo"
    tab.check(site.url)


def test_an_alert_is_reviewed_without_javascript(browser, site):
    tab = Watched(browser, java_script_enabled=False)
    tab.page.goto(site.url)
    card = tab.page.locator("#alert-1")
    card.get_by_role("button", name="noise").click()
    assert site.review_of(1) == "noise"
    card.get_by_role("button", name="undo").click()
    assert site.review_of(1) is None
    tab.check(site.url)


def test_promise_32_no_page_asks_another_origin_breaks_the_policy_or_overflows(browser, site):
    tab = Watched(browser)
    for path in PATHS:
        tab.page.goto(site.url + path)
        for width in (1280, 768, 390, 320):
            tab.page.set_viewport_size({"width": width, "height": 800})
            over = tab.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert over <= 0, (path, width, over)
    tab.check(site.url)


_CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const parse = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour[3] > 0) return colour;
    }
    return [255, 255, 255, 255];
  };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest('svg, .away, .skip') || !element.offsetParent) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(parse(style.color)), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize), bold = Number(style.fontWeight) >= 700;
    if (ratio < (size >= 24 || (bold && size >= 18.66) ? 3 : 4.5))
      low.push(`${ratio.toFixed(2)} ${style.color} ${walker.currentNode.data.trim().slice(0, 40)}`);
  }
  return low;
}"""


def test_every_text_has_the_contrast_that_wcag_aa_asks_for_in_both_themes(browser, site):
    tab = Watched(browser)
    for path in PATHS:
        tab.page.goto(site.url + path)
        for scheme in ("light", "dark"):
            tab.page.emulate_media(color_scheme=scheme)
            assert tab.page.evaluate(_CONTRAST) == [], (path, scheme)
    tab.check(site.url)


def test_new_alerts_arrive_without_moving_what_is_read_and_are_shown_by_a_key(browser, site):
    tab = Watched(browser, viewport={"width": 1280, "height": 600}, reduced_motion="reduce")
    page = tab.page
    page.goto(site.url)
    page.keyboard.press("j")
    page.keyboard.press("j")
    read = page.locator(".chosen")
    before = read.bounding_box()
    first = site.alert("live-1")
    notice = page.locator("#arrived button")
    notice.wait_for()
    assert notice.inner_text().startswith("1 new: show")
    site.alert("live-2")
    expect(page).to_have_title(re.compile(r"^\(2\) Today"))
    assert read.bounding_box() == before
    assert page.locator(f"#alert-{first}").count() == 0
    page.keyboard.press("n")
    page.locator(f"#alert-{first}.fresh").wait_for()
    assert page.locator(".fresh").count() == 2
    assert page.locator(".chosen.fresh").count() == 1
    assert notice.count() == 0
    assert page.title().startswith("Today")
    with page.expect_navigation():
        page.keyboard.press("5")
    assert site.review_of(first) == "noise" or site.review_of(first + 1) == "noise"
    tab.check(site.url)


def test_the_keys_are_told_and_stay_out_of_the_way(browser, site):
    tab = Watched(browser)
    page = tab.page
    page.goto(site.url)
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keys").is_visible()
    page.keyboard.press("j")
    assert page.locator(".chosen").count() == 0
    page.keyboard.press("Escape")
    assert not page.locator("#help").is_visible()
    page.keyboard.press("?")
    page.keyboard.press("?")
    assert not page.locator("#help").is_visible()
    page.keyboard.press("j")
    assert page.locator(".chosen").count() == 1
    tab.check(site.url)


def test_times_are_those_of_the_readers_zone_with_utc_in_their_hints(browser, site):
    tab = Watched(browser, timezone_id="Asia/Shanghai")
    tab.page.goto(site.url + "/alerts/5")
    shown = tab.page.locator("time[datetime*=T]").first
    at = datetime.fromisoformat(shown.get_attribute("datetime"))
    local = at.astimezone(timezone(timedelta(hours=8)))
    assert shown.inner_text().endswith(f"{local:%H:%M}")
    assert f"{at:%Y-%m-%d %H:%M:%S} UTC" in shown.get_attribute("title")
    expect(tab.page.locator(".foot")).to_contain_text("Asia/Shanghai")
    # What is brought in later as well, once each.
    tab.page.evaluate("document.body.append(document.querySelector('time[datetime*=T]').cloneNode(true))")
    tab.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<p id=late><time datetime=2023-05-01T20:30:00Z>x</time></p>')"
    )
    expect(tab.page.locator("#late time")).to_have_text("2 May 04:30")
    tab.check(site.url)


def test_without_javascript_times_are_utc_and_the_page_says_so(browser, site):
    tab = Watched(browser, java_script_enabled=False, timezone_id="Asia/Shanghai")
    tab.page.goto(site.url + "/alerts/5")
    shown = tab.page.locator("time[datetime*=T]").first
    assert shown.inner_text().endswith(f"{datetime.fromisoformat(shown.get_attribute('datetime')):%H:%M}")
    expect(tab.page.locator(".foot")).to_contain_text("All times UTC")
    tab.check(site.url)
