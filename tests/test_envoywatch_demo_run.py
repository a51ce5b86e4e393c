import json
import subprocess
import sys

import pytest

from envoywatch.demo.mission import read_expected

pytestmark = [pytest.mark.processes, pytest.mark.wheel]


def test_the_demo_finds_what_is_in_it():
    done = subprocess.run(
        [sys.executable, "-m", "envoywatch", "demo", "--exit", "--json", "--listen", "127.0.0.1:0"],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    counts = json.loads(done.stdout)
    expected = read_expected()
    assert counts["articles"] == expected.articles
    assert counts["copies"] == expected.copies + expected.edited_copies
    for kind, bounds in expected.alerts.items():
        assert bounds.at_least <= counts["alerts"].get(kind, 0) <= bounds.at_most, (kind, counts)
