"""A few hundred sources through simulated hours: the same day as in the benchmark, in which hosts hang."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

DAY = Path(__file__).resolve().parents[1] / "benchmarks" / "schedule_day.py"


@pytest.fixture(scope="module")
def figures():
    if not DAY.is_file():
        pytest.skip("outside the checkout")
    done = subprocess.run([sys.executable, str(DAY), "300", "4"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_no_source_is_asked_later_than_a_tenth_of_its_interval_though_hosts_hang(figures):
    assert figures["polls"] > 300
    assert figures["faults"] > 0
    assert figures["latest"] <= 1.1


def test_no_host_has_more_than_two_requests_in_flight(figures):
    assert figures["most"] == 2
