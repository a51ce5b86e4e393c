"""Fuzz every reader of foreign bytes with atheris: what inputs break the laws of `tests/fuzzing.py`?

    python benchmarks/fuzz.py [TARGET ...] [--seconds 120] [--seeds FOLDER] [--findings FOLDER] [--check]
    python benchmarks/fuzz.py TARGET --input FILE

Needs atheris (benchmarks/requirements.txt) in an environment that has the project, too. One process at a time and at
low priority, each target for so many seconds, led by what code its inputs reach. `--seeds` names files to begin with
besides our own small ones. The first input of each kind that breaks a law, or takes more than two seconds of CPU, is
written to the folder of findings; `--input` tries one again. `--check` exits 1 when there was any.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

PACKAGES = ["config", "storage", "crawler", "alerts"]
CPU_S = 2.0
LONGEST = 16_384
MEMORY_MB = 2_048


class Fuzzed:
    """One target in this process: tries inputs and keeps the first of each kind that breaks a law."""

    def __init__(self, name: str, findings: Path) -> None:
        from tests.fuzzing import TARGETS, try_input  # noqa: PLC0415 (imported where it is instrumented)

        self.name, self.findings = name, findings
        self.words = TARGETS[name].words
        self.seeds = TARGETS[name].seeds
        self._try = try_input
        self._seen: set[str] = set()
        for seed in self.seeds:
            self._try(name, seed)  # what is made at first use is not an input's time

    def __call__(self, data: bytes) -> None:
        began = time.process_time()
        try:
            self._try(self.name, data)
        except AssertionError as error:
            self._keep(data, str(error))
        if (spent := time.process_time() - began) > CPU_S:
            self._keep(data, f"takes {spent:.0f} s of CPU for {len(data)} bytes")

    def _keep(self, data: bytes, said: str) -> None:
        kind = re.sub(r"'.*'|\".*\"|\d+", "_", said, flags=re.DOTALL)[:60]
        if kind in self._seen:
            return
        self._seen.add(kind)
        path = self.findings / f"{self.name}-{hashlib.sha256(data).hexdigest()[:10]}"
        path.write_bytes(data)
        print(f"FOUND {path}: {said[:500]}", flush=True)


def fuzz_inside(name: str, seconds: int, seeds: Path | None, findings: Path) -> None:
    """Never returns: the fuzzer ends the process."""
    import atheris  # noqa: PLC0415 (not a dependency of ours)

    with atheris.instrument_imports(include=PACKAGES):
        fuzzed = Fuzzed(name, findings)
    with tempfile.TemporaryDirectory(prefix="envoywatch-fuzz-") as folder:
        corpus, words = Path(folder) / "corpus", Path(folder) / "words"
        corpus.mkdir()
        for number, seed in enumerate(fuzzed.seeds):
            (corpus / f"seed-{number}").write_bytes(seed)
        quoted = ("".join(f"\\x{byte:02x}" for byte in word[:60]) for word in fuzzed.words)
        words.write_text("".join(f'"{word}"\n' for word in quoted), encoding="ascii")
        options = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-rss_limit_mb={MEMORY_MB}", "-timeout=60"]
        options += [f"-dict={words}", "-print_final_stats=1", f"-artifact_prefix={findings}/{name}-end-"]
        atheris.Setup([sys.argv[0], *options, str(corpus), *([str(seeds)] if seeds else [])], fuzzed)
        atheris.Fuzz()


def run(name: str, options: argparse.Namespace) -> tuple[int, int, list[str]]:
    """Inputs tried, the most memory in MB, and what was found."""
    command = [sys.executable, __file__, name, "--inside", "--seconds", str(options.seconds)]
    command += ["--findings", str(options.findings)] + (["--seeds", str(options.seeds)] if options.seeds else [])
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    done = subprocess.run(
        ["nice", "-n", "10", *command], capture_output=True, text=True, errors="replace", check=False, env=environment
    )
    found = [line for line in done.stdout.splitlines() if line.startswith("FOUND ")]
    if done.returncode:
        found.append(f"FOUND {name} ended with {done.returncode}: {done.stderr[-1500:]}")
    return _stat(done.stderr, "number_of_executed_units"), _stat(done.stderr, "peak_rss_mb"), found


def _stat(text: str, name: str) -> int:
    found = re.search(rf"stat::{name}:\s*(\d+)", text)
    return int(found[1]) if found else 0


def main() -> int:
    parser: Any = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--seeds", type=Path)
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--input", type=Path)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--check", action="store_true", help="fail when an input broke a law")
    options = parser.parse_args()
    options.findings.mkdir(parents=True, exist_ok=True)
    if options.inside:
        fuzz_inside(options.targets[0], options.seconds, options.seeds, options.findings)
    if options.input:
        Fuzzed(options.targets[0], options.findings)(options.input.read_bytes())
        return 0
    from tests.fuzzing import TARGETS  # noqa: PLC0415 (inside it is imported where it is instrumented)

    total = 0
    print(f"{'target':<16} {'inputs':>10} {'peak MB':>8} {'findings':>9}")
    for name in options.targets or TARGETS:
        tried, peak, found = run(name, options)
        total += len(found)
        print(f"{name:<16} {tried:>10,} {peak:>8,} {len(found):>9}", *found, sep="\n", flush=True)
    return int(options.check and total > 0)


if __name__ == "__main__":
    sys.exit(main())
