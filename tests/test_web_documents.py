import json
from datetime import datetime

import pytest

from envoywatch.web.documents import LISTINGS, openapi
from envoywatch.web.negotiation import wants_json
from tests.mission_database import seed
from tests.test_web_pages import SECRETS, Page

JSON = {"accept": "application/json"}
ASKED = {"/trips": "?person=Li+Hui", "/search": "?q=envoy", "/people": "?q=li", "/": "?days=30"}
KINDS = {
    "integer": int, "number": (int, float), "boolean": bool, "string": str, "array": list, "object": dict,
    "null": type(None),
}  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("documents") / "envoywatch.db"
    seed(path)
    return Page(path)


def check(value, schema, where, root):
    """The part of JSON Schema that the description uses."""
    if "$ref" in schema:
        schema = root["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else kinds
    assert not kinds or any(isinstance(value, KINDS[kind]) for kind in kinds), (where, value, kinds)
    if schema.get("format") == "date-time" and value is not None:
        assert datetime.fromisoformat(value).tzinfo is not None, where
    if isinstance(value, dict) and "properties" in schema:
        assert set(schema["required"]) <= set(value), where
        assert set(value) <= set(schema["properties"]), where
        for name, item in value.items():
            check(item, schema["properties"][name], f"{where}.{name}", root)
    if isinstance(value, list) and "items" in schema:
        for item in value:
            check(item, schema["items"], f"{where}[]", root)


async def test_every_list_is_as_the_description_says_and_tells_no_secret(page):
    described = (await page.get("/openapi.json")).json()
    assert described == json.loads(json.dumps(openapi()))
    for listing in LISTINGS.values():
        answer = await page.get(listing.path + ASKED.get(listing.path, ""), headers=JSON)
        assert answer.status_code == 200, listing.path
        assert answer.headers["content-type"] == "application/json"
        schema = described["paths"][listing.path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        check(answer.json(), schema, listing.path, described)
        assert answer.json()[listing.key] or listing.path == "/stories", listing.path
        assert not [secret for secret in SECRETS if secret in answer.text], listing.path


async def test_a_browser_gets_the_page_and_an_error_is_json_too(page):
    assert "<html" in (await page.get("/alerts", headers={"accept": "text/html,*/*;q=0.8"})).text
    assert "<html" in (await page.get("/alerts", headers={"accept": "*/*"})).text
    missing = await page.get("/alerts/999", headers=JSON)
    assert missing.status_code == 404
    assert set(missing.json()) == {"error", "hint"}


@pytest.mark.parametrize(
    ("accept", "wants"),
    [("application/json", True), ("application/json;q=0.9, text/html;q=0.5", True), ("", False), ("*/*", False),
     ("text/html, application/json", False), ("application/json;q=0", False), ("application/json;q=x", False),
     ("text/html;q=0.2,application/json;charset=utf-8", True)],
)  # fmt: skip
def test_json_is_given_to_who_prefers_it(accept, wants):
    assert wants_json(accept) is wants
