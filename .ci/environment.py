"""Makes an environment of a wheel, of the libraries that it asks for, and of a few more by name; of nothing else.

    python environment.py FOLDER WHEEL [LIBRARY ...]

Libraries are linked from where this Python has them, which takes a second where installing them takes thirty.
"""

import sys
import sysconfig
import venv
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement


def main(folder: Path, wheel: Path, libraries: list[str]) -> None:
    """Make it; raises PackageNotFoundError where this Python lacks what is asked for."""
    venv.create(folder, symlinks=True)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
    with ZipFile(wheel) as archive:
        archive.extractall(site)
        metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    lines = (site / metadata).read_text(encoding="utf-8").splitlines()
    declared = [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")]
    for name in closure(declared + libraries):
        link(name, site)


def closure(asked: list[str]) -> set[str]:
    """The names of what is asked for here, and of what that asks for."""
    names: set[str] = set()
    seen: set[tuple[str, frozenset[str]]] = set()
    left = [(Requirement(text), frozenset({""})) for text in asked]
    while left:
        requirement, extras = left.pop()
        if requirement.marker is not None and not any(requirement.marker.evaluate({"extra": one}) for one in extras):
            continue
        key = requirement.name, frozenset({"", *requirement.extras})
        if key not in seen:
            seen.add(key)
            names.add(requirement.name)
            left += [(Requirement(text), key[1]) for text in distribution(requirement.name).requires or ()]
    return names


def link(name: str, site: Path) -> None:
    """Link a library's files; its commands, which lie outside, are left out."""
    for file in distribution(name).files or ():
        if ".." not in file.parts:
            there = site / file
            there.parent.mkdir(parents=True, exist_ok=True)
            if not there.exists():
                there.symlink_to(Path(str(file.locate())).resolve())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
