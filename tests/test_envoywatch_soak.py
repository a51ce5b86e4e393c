"""Half an hour of a simulated day in which the clock is set and the machine sleeps: `benchmarks/soak.py` in short."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

DAY = Path(__file__).resolve().parents[1] / "benchmarks" / "soak_day.py"

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    if not DAY.is_file():
        pytest.skip("outside the checkout")
    command = [sys.executable, str(DAY), "20", "0.5", str(tmp_path_factory.mktemp("soak"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])["figures"]


def test_promise_12_nothing_is_lost_doubled_or_late_when_the_clock_jumps_and_the_machine_sleeps(figures):
    assert figures["published"] > 60
    assert figures["lost"] == figures["never published"] == []
    assert figures["twice"] == figures["undelivered"] == figures["delivered twice"] == figures["failed"] == 0
    assert figures["longest_gap"] < 4
    assert figures["integrity"] == "ok"
