"""The real thing, in short: `benchmarks/kills.py --kills 200 --check` is the whole of it."""

import subprocess
import sys
from pathlib import Path

import pytest

KILLS = Path(__file__).resolve().parents[1] / "benchmarks" / "kills.py"

pytestmark = pytest.mark.processes


def test_promise_02_killed_in_every_step_it_loses_nothing_and_repeats_only_what_was_in_flight():
    if not KILLS.is_file():
        pytest.skip("outside the checkout")
    done = subprocess.run(
        [sys.executable, KILLS, "--kills", "10", "--seed", "7", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
