import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import import_module
from importlib.metadata import requires, version
from pathlib import Path

import pytest

import envoywatch

ROOT = Path(__file__).resolve().parents[1]
PLAIN = ("alerts", "config", "crawler", "storage")
"""Folders at the top of the checkout that must not land at the top of anybody's site-packages."""


def in_wheel(path):
    """Where a file of the checkout lies in the wheel."""
    return str(Path("envoywatch/_packages") / path) if path.parts[0] in PLAIN else str(path)


@pytest.fixture(scope="module")
def settings():
    path = ROOT / "pyproject.toml"
    if not path.is_file():
        pytest.skip("outside the checkout")
    return tomllib.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def files(settings):
    """Every file of our packages, by its path in the checkout."""
    found = [path for top in ("envoywatch", *PLAIN) for path in (ROOT / top).rglob("*") if path.is_file()]
    return [path.relative_to(ROOT) for path in found if "__pycache__" not in path.parts]


@pytest.fixture(scope="module")
def wheel(settings, tmp_path_factory):
    """The wheel, built from a copy so that the checkout stays as it is."""
    copy = tmp_path_factory.mktemp("source")
    for top in ("envoywatch", *PLAIN):
        shutil.copytree(ROOT / top, copy / top, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "packaging").mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "packaging/envoywatch.1"):
        shutil.copy(ROOT / name, copy / name)
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(out.glob("*.whl"))


# ---------------------------------------------------------------- what is declared


def test_pyproject_names_every_package_folder(settings, files):
    folders = {in_wheel(path.parent).replace("/", ".") for path in files if path.name == "__init__.py"}
    assert sorted(settings["tool"]["setuptools"]["packages"]) == sorted(folders)


def test_every_folder_with_code_is_a_package(files):
    holding_code = {path.parent for path in files if path.suffix == ".py"}
    assert holding_code == {path.parent for path in files if path.name == "__init__.py"}


NAMES = {"OpenSSL": "pyopenssl", "multipart": "python-multipart", "re2": "google-re2", "ruamel": "ruamel.yaml"}
COME_ALONG = {"urllib3": "requests, which Apprise sends with, raises its errors"}


def imported(path):
    """The names at the top of what a module imports."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module).split(".")[0]


def declared(settings):
    """The libraries that pyproject.toml asks for."""
    return {name_of(one) for one in settings["project"]["dependencies"]}


def name_of(requirement):
    """The library that a requirement is about."""
    name = re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-")
    return "zope" if name.startswith("zope") else name


def test_every_direct_import_is_declared(settings, files):
    """By us, or by a library that we ask for, as Scrapy asks for w3lib; deeper down it may leave unnoticed."""
    names = {name for path in files if path.suffix == ".py" for name in imported(path)}
    foreign = names - sys.stdlib_module_names - {"envoywatch", *PLAIN}
    asked = {NAMES.get(name, name.replace("_", "-").lower()) for name in foreign}
    ours = declared(settings)
    theirs = {name_of(one) for library in ours for one in requires(library) or () if "extra ==" not in one}
    assert asked - ours - theirs - set(COME_ALONG) == set()


def test_locks_name_every_dependency_with_hashes(settings):
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text(encoding="utf-8")
        pinned = {name.lower().replace("_", "-") for name in re.findall(r"(?m)^([\w.-]+)==", text)}
        assert {name.replace(".", "-") for name in declared(settings)} - pinned == set()
        assert text.count("--hash=sha256:") >= len(pinned)


def test_the_manual_page_says_what_the_commands_help_says(settings):
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "manpage"), "--print"], capture_output=True, text=True, check=True
    )
    page = (ROOT / "packaging" / "envoywatch.1").read_text(encoding="utf-8")
    assert page == done.stdout, "scripts/manpage makes it anew"
    assert page.count(".SS ") > 30


def test_the_bill_of_materials_names_every_locked_library_with_its_hashes(settings, tmp_path):
    environ = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    assert shutil.which("cyclonedx-py", path=environ["PATH"]), "`scripts/prepare test` installs it"
    command = [str(ROOT / "scripts" / "sbom"), str(tmp_path / "bom.json")]
    subprocess.run(command, env=environ, capture_output=True, check=True)
    bom = json.loads((tmp_path / "bom.json").read_text(encoding="utf-8"))
    locked = re.findall(r"(?m)^([\w.-]+)==([^ ;]+)", (ROOT / "requirements.lock").read_text(encoding="utf-8"))
    assert bom["bomFormat"] == "CycloneDX"
    assert sorted((one["name"], one["version"]) for one in bom["components"]) == sorted(locked)
    assert all(files["hashes"] for one in bom["components"] for files in one["externalReferences"])


def test_what_the_image_is_made_of_exists(settings):
    recipe = (ROOT / "packaging" / "Dockerfile").read_text(encoding="utf-8")
    for line in re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", recipe):
        for name in line.split():
            assert (ROOT / name).exists(), name
            assert f"!{name}\n" in (ROOT / ".dockerignore").read_text(encoding="utf-8"), name


# ---------------------------------------------------------------- what is built


def test_the_wheel_holds_every_file_and_nothing_at_the_top_but_us(wheel, files):
    names = set(zipfile.ZipFile(wheel).namelist())
    missing = {in_wheel(path) for path in files} - names
    assert not missing
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith((".dist-info", ".data"))} == {"envoywatch"}
    (page,) = (name for name in names if ".data/" in name)
    assert page.endswith(".data/data/share/man/man1/envoywatch.1")


def test_the_wheel_works_away_from_the_checkout(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "import envoywatch, config, storage, crawler, alerts;"
        "assert all(m.__file__.startswith(sys.argv[1]) for m in (envoywatch, config, storage, crawler, alerts));"
        "from envoywatch.cli.main import run;"
        "sys.exit(run(['init', sys.argv[2]]) or run(['--config', sys.argv[3], 'check']))"
    )
    site, new = str(tmp_path / "site"), str(tmp_path / "new")
    command = [sys.executable, "-I", "-c", script, site, new, f"{new}/envoywatch.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "good (" in done.stdout


# ---------------------------------------------------------------- what is installed, checkout or wheel


@pytest.mark.wheel
def test_plain_names_are_ours_whatever_else_bears_them():
    home = Path(envoywatch.__file__).resolve().parent
    expected = home / "_packages" if (home / "_packages").is_dir() else home.parent
    for name in PLAIN:
        assert Path(import_module(name).__file__).resolve().parent == expected / name


@pytest.mark.wheel
def test_the_installed_program_has_its_data():
    from config.catalogue import all_sources
    from config.init import STARTER
    from config.people import load_people

    assert len(all_sources()) > 100
    assert "sources:" in STARTER.read_text(encoding="utf-8")
    assert len(load_people()) > 0


@pytest.mark.wheel
def test_the_installed_program_tells_its_version():
    assert version("envoywatch") == envoywatch.__version__
