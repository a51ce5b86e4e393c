import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.redact import redact, redact_url, redact_urls, secrets_of_url, stored_url


@given(st.text(), st.lists(st.text(min_size=4, max_size=12)))
def test_promise_36_no_known_secret_remains(text, secrets):
    out = redact(text + "".join(secrets), secrets)
    assert not [secret for secret in secrets if secret in out and "*" not in secret]


def test_longer_secrets_go_first_and_short_ones_stay():
    assert redact("abcd-efgh abcd of", ["abcd", "abcd-efgh", "of"]) == "*** *** of"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
        ("https://me:pw@example.org/a", "https://***@example.org/a"),
        ("https://example.org/?token=abc&x=1&api_key=de", "https://example.org/?token=***&x=1&api_key=***"),
        ("https://hooks.example.org/services/T0A/B0B/cc", "https://hooks.example.org/services/***"),
        ("https://api.example.org/bot12345:AbC-dEf/send", "https://api.example.org/bot***/send"),
        ("jsons://desk.example/in/AbCdEfGhIjKlMnOpQr1", "jsons://desk.example/in/***"),
        ("tgram://12345:AbC-dEf/987654", "tgram://***/***"),
        ("slack://tokA/tokB/tokC/#channel", "slack://***/***"),
        ("mailto://me:pw@mail.example.org?to=you@example.org", "mailto://***@mail.example.org?to=you@example.org"),
        ("ntfy://user:pw@ntfy.example/topic", "ntfy://***@ntfy.example/topic"),
        ("json://127.0.0.1:9000/alerts", "json://127.0.0.1:9000/alerts"),
        ("discord://", "discord://"),
        ("gotify://gotify.example/token", "gotify://***/***"),
        ("not a url", "not a url"),
    ],
)
def test_urls_are_shown_without_credentials(url, shown):
    assert redact_url(url) == shown


def test_urls_inside_a_text_are_redacted():
    assert redact_urls('GET "https://a:b@x.example/" failed') == 'GET "https://***@x.example/" failed'


def test_an_ordinary_article_address_stays_readable():
    url = "https://news.example.org/2026/05/17/president-receives-special-envoy"
    assert redact_url(url) == url


def test_secrets_of_a_channel_are_its_password_tokens_and_itself():
    assert secrets_of_url("mailto://me:p%40ss@mail.example") == {"mailto://me:p%40ss@mail.example", "p%40ss", "p@ss"}
    assert "123456789:AAbbCCddEEff" in secrets_of_url("tgram://123456789:AAbbCCddEEff/42")
    assert "sesame" in secrets_of_url("json://x.example/?token=sesame")
    assert secrets_of_url("nothing") == {"nothing"}


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("https://me:pa@ss@news.example:8443/a@b?c=d", "https://***@news.example:8443/a@b?c=d"),
        ("https://me@news.example", "https://***@news.example"),
        ("https://news.example/a@b", "https://news.example/a@b"),
        ("some.spider@1", "some.spider@1"),
        ("https://news.example/f?token=abc&x=1&api_key=de#f", "https://news.example/f?token=***&x=1&api_key=***#f"),
        ("https://news.example/f?keyword=ukraine&author=x", "https://news.example/f?keyword=ukraine&author=x"),
        ("https://news.example/s3same/f?x=s3same", "https://news.example/***/f?x=***"),
        ("https://s3same.example/f", "https://s3same.example/f"),
    ],
)
def test_promise_36_addresses_are_stored_without_what_opens_them(url, stored):
    assert stored_url(url, ["s3same"]) == stored
    assert stored_url(stored, ["s3same"]) == stored
