import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"


@pytest.fixture
def checkout(tmp_path):
    """The scripts alone, and a PATH on which there is nothing but what the test puts there."""
    if not SCRIPTS.is_dir():
        pytest.skip("outside the checkout")
    shutil.copytree(SCRIPTS, tmp_path / "scripts")
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "dirname", "cat"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    return tmp_path


def put_python(checkout, answer):
    """A python3 that fails everything but the question for its version."""
    python = checkout / "bin" / "python3"
    python.write_text(f'#!/bin/sh\ncase "$2" in\n*python_version*) {answer} ;;\n*) exit 1 ;;\nesac\n')
    python.chmod(0o755)


def prepare(checkout, *arguments):
    environ = {**os.environ, "PATH": str(checkout / "bin")}
    command = ["/bin/sh", str(checkout / "scripts" / "prepare"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environ, check=False)


@pytest.mark.parametrize("name", ["run", "test", "prepare", "lock", "sbom", "audit"])
def test_scripts_are_posix_shell_and_executable(name):
    if not SCRIPTS.is_dir():
        pytest.skip("outside the checkout")
    path = SCRIPTS / name
    assert os.access(path, os.X_OK)
    assert path.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    assert subprocess.run(["/bin/sh", "-n", str(path)], capture_output=True, check=False).returncode == 0


def test_no_python_is_told_with_what_to_install(checkout):
    done = prepare(checkout, "run")
    assert done.returncode == 1
    assert "there is no python3 here" in done.stderr
    assert "hint: install it" in done.stderr


def test_an_old_python_is_told_with_its_version(checkout):
    put_python(checkout, "echo 3.9.2")
    done = prepare(checkout, "test")
    assert done.returncode == 1
    assert "python3 here is 3.9.2" in done.stderr


def test_what_to_prepare_must_be_said(checkout):
    done = prepare(checkout)
    assert done.returncode == 1
    assert "scripts/prepare run, or scripts/prepare test" in done.stderr
