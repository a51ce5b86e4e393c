"""Asking a peer that is installed in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def ask_peer(python: str, script: str, question: object) -> Any:
    """What `script` of this folder, run by `python` without our own packages, answers to `question`, both as JSON.

    Exits with a sentence when the script does not: as a rule because the peer is not installed there.
    """
    done = subprocess.run(
        [python, str(HERE / script)],
        input=json.dumps(question) + "\n",
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
    )
    if done.returncode:
        sys.exit(
            f"{script} failed with {python} (exit {done.returncode}, see above). Install {HERE / 'requirements.txt'}"
            " into an environment of its own and give its interpreter as --peer-python, or leave the peer out:"
            " --alone."
        )
    return json.loads(done.stdout)
