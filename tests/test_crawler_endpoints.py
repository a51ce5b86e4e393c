from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.endpoints import LASTING_REST_MAX, REST_MAX, asking_order, rest_until
from storage.model import EndpointState, Fault, FaultKind

NOW = datetime(2023, 5, 17, 9, 0, tzinfo=UTC)
INTERVAL = timedelta(minutes=2)
WELL = EndpointState(delivered=True)
RESTING = EndpointState(5, NOW + timedelta(minutes=1))
RESTED = EndpointState(5, NOW)


@pytest.mark.parametrize(
    ("states", "order"),
    [
        ([WELL, WELL], [0, 1]),
        ([EndpointState(1), WELL], [0, 1]),
        ([RESTING, WELL], [1, 0]),
        ([RESTED, WELL], [0, 1]),
        ([RESTING, RESTING, WELL], [2, 0, 1]),
        ([RESTING], [0]),
        ([], []),
    ],
)
def test_what_rests_is_asked_last(states, order):
    assert asking_order(states, NOW) == order


@pytest.mark.parametrize(
    ("failures", "kind", "rest"),
    [
        (0, FaultKind.SERVER, None),
        (1, FaultKind.SERVER, None),
        (2, FaultKind.SERVER, timedelta(minutes=4)),
        (3, FaultKind.SERVER, timedelta(minutes=8)),
        (100, FaultKind.SERVER, REST_MAX),
        (2, FaultKind.BLOCKED, timedelta(minutes=4)),
        (100, FaultKind.BLOCKED, LASTING_REST_MAX),
    ],
)
def test_from_the_third_failure_in_a_row_an_endpoint_rests(failures, kind, rest):
    until = rest_until(EndpointState(failures), Fault(kind, ""), INTERVAL, NOW)
    assert until == (None if rest is None else NOW + rest - INTERVAL / 10)


def test_a_server_that_names_a_time_is_obeyed_from_the_first_failure_on():
    busy = Fault(FaultKind.RATE_LIMITED, "", retry_after=timedelta(minutes=30))
    assert rest_until(EndpointState(), busy, INTERVAL, NOW) == NOW + timedelta(minutes=30)


_fault = st.builds(
    Fault,
    st.sampled_from(FaultKind),
    st.just(""),
    retry_after=st.none() | st.timedeltas(timedelta(0), timedelta(days=400)),
)


@given(st.integers(0, 10**9), _fault, st.timedeltas(timedelta(seconds=1), timedelta(days=30)))
def test_a_rest_is_never_for_good_and_never_shorter_after_more_failures(failures, fault, interval):
    until = rest_until(EndpointState(failures), fault, interval, NOW) or NOW
    assert NOW <= until <= NOW + max(timedelta(hours=24), interval)
    assert until <= (rest_until(EndpointState(failures + 1), fault, interval, NOW) or NOW)


@given(st.lists(st.builds(EndpointState, st.integers(0, 9), st.none() | st.sampled_from([NOW, NOW + INTERVAL]))))
def test_every_endpoint_has_its_turn_once(states):
    assert sorted(asking_order(states, NOW)) == list(range(len(states)))
