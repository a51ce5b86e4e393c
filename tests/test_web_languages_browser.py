"""Pages in a language whose words are longer than the English ones, in a real browser."""

from tests.browsing import NEEDS_CHROMIUM, Site, Watched, chromium
from tests.mission_database import seed
from tests.pseudo import CLOSE, OPEN, TAG, pseudo_language

pytestmark = NEEDS_CHROMIUM

PATHS = (
    "/", "/alerts", "/alerts/5", "/meetings", "/meetings/11", "/trips?person=Li+Hui", "/stories", "/stories/1",
    "/articles/1", "/search?q=envoy", "/sources", "/sources/7", "/outbox", "/watches", "/watches?add=meeting",
    "/watches/Talks%20about%20the%20war", "/try?q=envoy", "/people", "/people?name=Li+Hui", "/settings", "/nowhere",
)  # fmt: skip
WIDE = """() => [...document.querySelectorAll("body *")]
  .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1
    && !one.closest(".scroll, pre, svg")).map((one) => one.outerHTML.slice(0, 160))"""


def test_longer_words_fit_into_a_narrow_and_a_wide_window_and_scripts_speak_the_language(tmp_path):
    path = tmp_path / "envoywatch.db"
    seed(path)
    site = Site(path, language=pseudo_language())
    site.start()
    assert site.ready.wait(10)
    headers = {"accept-language": TAG}
    with chromium() as browser:
        for width in (320, 1280):
            tab = Watched(
                browser, extra_http_headers=headers, viewport={"width": width, "height": 800}, timezone_id="Asia/Tokyo"
            )
            for address in PATHS:
                tab.page.goto(site.url + address)
                overflow = tab.page.evaluate(
                    "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                )
                assert overflow <= 0, (address, width, tab.page.evaluate(WIDE))
            tab.page.goto(site.url)
            zone = tab.page.locator("#zone").text_content()
            assert zone.startswith(OPEN)
            assert "Asia/Tokyo" in zone
            site.alert(f"new at {width}")
            assert tab.page.locator("#arrived button").text_content().startswith(f"{OPEN}1 ")
            assert CLOSE in tab.page.locator("#arrived button").text_content()
            tab.complaints = [said for said in tab.complaints if "404" not in said]  # the page that is nowhere
            tab.check(site.url)
    site.stop()
