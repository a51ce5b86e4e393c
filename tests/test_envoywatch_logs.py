import io
import json
import logging
import warnings
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from envoywatch.logs import BoundedHandler, Lasting, configure_logs


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def _restored():
    root = logging.getLogger()
    before = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = before
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def log_to(stream, **options):
    configure_logs(stream=stream, **options)
    return structlog.get_logger("envoywatch.test")


def test_promise_31_one_event_is_one_json_line_whatever_it_holds():
    out = io.StringIO()
    log_to(out).warning("poll\nfailed", source="A\r\nB", detail="\x1b[2J\u202e", count=3, items=("a", 1))
    lines = out.getvalue().splitlines()
    assert len(lines) == 1
    event = json.loads(lines[0])
    assert (event["event"], event["level"], event["count"], event["items"]) == ("poll\nfailed", "warning", 3, ["a", 1])
    assert event["timestamp"].endswith("Z")
    assert lines[0].isascii()


def test_a_terminal_gets_one_readable_line():
    out = Terminal()
    log_to(out).info("poll-failed", source="A B\n", fault="x")
    assert out.getvalue().count("\n") == 1
    assert 'info     poll-failed source="A B\\\\n" fault=x' in out.getvalue()


def test_promise_36_secrets_and_credentials_are_blackened_at_any_depth():
    out = io.StringIO()
    log = log_to(out, secrets={"hunter22"})
    log.warning("sent to hunter22", urls=["https://me:pw@x.example/"], more={"hunter22": ("hunter22",)})
    try:
        int("key hunter22")
    except ValueError:
        log.exception("failed")
    assert "hunter22" not in out.getvalue()
    assert "me:pw" not in out.getvalue()
    assert "ValueError" in out.getvalue()


def test_libraries_are_heard_from_warning_on_and_through_the_same_door():
    out = io.StringIO()
    configure_logs(stream=out, secrets={"hunter22"})
    logging.getLogger("scrapy.core").info("quiet")
    logging.getLogger("apscheduler").warning("missed %s", "hunter22")
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(one["logger"], one["event"]) for one in events] == [("apscheduler", "missed ***")]


def test_loudness_follows_the_options():
    for verbosity, heard in ((-1, ["warning"]), (0, ["info", "warning"]), (1, ["debug", "info", "warning"])):
        out = io.StringIO()
        log = log_to(out, verbosity=verbosity)
        log.debug("a")
        log.info("b")
        log.warning("c")
        logging.getLogger("storage.writer").debug("d")
        levels = [json.loads(line)["level"] for line in out.getvalue().splitlines()]
        assert levels == heard + (["debug"] if verbosity == 1 else [])


def test_configuring_again_replaces_what_held_before():
    first, second = io.StringIO(), io.StringIO()
    log_to(first)
    log_to(second).warning("x")
    assert first.getvalue() == ""
    assert second.getvalue().count("\n") == 1


def test_warnings_of_python_are_logged():
    out = io.StringIO()
    configure_logs(stream=out)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old ways", stacklevel=1)
    assert "old ways" in out.getvalue()


def test_a_closed_stream_is_no_terminal():
    out = io.StringIO()
    out.close()
    configure_logs(stream=out)


def test_events_that_are_said_otherwise_are_left_out():
    out = io.StringIO()
    log = log_to(out, left_out=("new entries",))
    log.info("new entries", count=3)
    log.warning("delivery failed")
    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == ["delivery failed"]


def test_promise_39_a_minute_of_log_is_bounded_and_what_was_left_out_is_counted():
    out, now = io.StringIO(), [0.0]
    handler = BoundedHandler(out, most=1000, clock=lambda: now[0])
    for number in range(500):
        handler.emit(logging.LogRecord("x", logging.WARNING, "", 0, f"line {number}", None, None))
    assert len(out.getvalue()) <= 1000
    assert out.getvalue().startswith("line 0\nline 1\n")
    lines = out.getvalue().count("\n")
    now[0] = 60.0
    handler.emit(logging.LogRecord("x", logging.WARNING, "", 0, "the next minute", None, None))
    assert out.getvalue().splitlines()[lines:] == [f"{500 - lines} lines of log left out", "the next minute"]


def test_promise_39_what_lasts_is_said_at_each_change_and_once_an_hour():
    lasting, at = Lasting(), datetime(2026, 5, 1, tzinfo=UTC)
    said = [lasting.is_news("desk", "refused", at + timedelta(minutes=n)) for n in range(121)]
    assert [n for n, is_said in enumerate(said) if is_said] == [0, 60, 120]
    assert lasting.is_news("desk", "too-slow", at + timedelta(minutes=121))
    assert lasting.is_news("phone", "too-slow", at + timedelta(minutes=121))
    assert lasting.end("desk")
    assert not lasting.end("desk")


def test_promise_39_the_logs_of_the_program_are_bounded():
    out = io.StringIO()
    log = log_to(out)
    for _ in range(60):
        log.warning("x" * 5000)
    assert 150_000 < len(out.getvalue()) <= 200_000
