import ssl
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.faults import fault_of_exception, fault_of_status, http_date, retry_after
from crawler.http1 import BrokenOffError, NotHttpError
from crawler.names import NoAddressError
from storage.model import FaultKind

NOW = datetime(2023, 5, 17, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", timedelta(minutes=2)),
        ("0", timedelta(0)),
        (" 7 ", timedelta(seconds=7)),
        ("9" * 5000, timedelta(hours=24)),
        ("Wed, 17 May 2023 09:10:00 GMT", timedelta(minutes=10)),
        ("Wed, 17 May 2023 08:10:00 GMT", timedelta(0)),
        ("Wed, 17 May 2099 09:10:00 GMT", timedelta(hours=24)),
        *(
            (value, None)
            for value in (
                None,
                "",
                "soon",
                "-5",
                "1.5",
                "٣",
                "Wed, 99 May 2023 99:10:00 GMT",
                "Wed, 17 May 99999 1:1:1 GMT",
            )
        ),
    ],
)
def test_promise_24_retry_after_is_read_in_both_forms_and_clamped(value, expected):
    assert retry_after(value, NOW) == expected


@given(st.text(max_size=40))
def test_no_header_breaks_the_reading_of_dates(text):
    retry_after(text, NOW)
    found = http_date(text)
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ssl.SSLError(1, "[SSL: UNSUPPORTED_PROTOCOL] unsupported protocol"), FaultKind.TLS),
        (NoAddressError("news.example"), FaultKind.NAME),
        (BrokenOffError("no answer came"), FaultKind.CONNECT),
        (NotHttpError("SSH"), FaultKind.MALFORMED),
        (ConnectionResetError(104, "Connection reset by peer"), FaultKind.CONNECT),
        (ConnectionRefusedError(111, "Connection refused"), FaultKind.CONNECT),
        (TimeoutError(), FaultKind.TIMEOUT),
        (OSError("too many open files"), FaultKind.CONNECT),
        (UnicodeError("label too long"), FaultKind.NAME),
    ],
)
def test_exceptions_of_the_network_have_a_kind_and_a_printable_line(error, kind):
    fault = fault_of_exception(error, "news.example")
    assert fault.kind is kind
    assert fault.detail.isprintable()
    assert "news.example" in fault.detail


def test_a_certificates_trouble_is_told_in_openssls_words():
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] ... (_ssl.c:1006)")
    error.verify_message = "certificate has expired"
    told = fault_of_exception(error, "news.example").detail
    assert told == "no safe connection with news.example: certificate has expired"


def test_other_exceptions_are_not_the_networks():
    assert fault_of_exception(ZeroDivisionError(), "news.example") is None


def test_a_status_without_a_name_is_told_by_its_number():
    assert fault_of_status(799, {}).detail.endswith("799")
