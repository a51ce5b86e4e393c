"""Shared fixtures. Importing envoywatch first makes the four plain-named packages importable."""

import os
from pathlib import Path

import pytest

import envoywatch

# Parallel workers of pytest hand their terminal's width down; output in a pipe is to have none.
os.environ.pop("COLUMNS", None)
# Without kept bytecode each of the many processes that tests start would compile all it imports, 0.7 s of CPU each.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

SHARED = Path(os.environ.get("ENVOYWATCH_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def pytest_collection_modifyitems(items):
    """The tests that mostly wait come first, so that parallel workers do not end with one waiting for the other."""
    items.sort(key=lambda item: item.get_closest_marker("processes") is None)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The recorded real input that lies beside the project on developers' machines and in CI."""
    if not (SHARED / "data" / "serve.py").is_file():
        pytest.skip(f"recorded real input not found at {SHARED} (set ENVOYWATCH_SHARED)")
    return SHARED


@pytest.fixture(scope="session")
def program() -> str:
    """The version under test, so that a wrong import path shows at once."""
    return envoywatch.__version__


@pytest.fixture
def database(tmp_path):
    """An open database of our own, empty, on the writing connection."""
    from storage.database import open_writer

    db = open_writer(tmp_path / "envoywatch.db")
    yield db
    db.conn.close()
