"""Envoywatch: tells its user when a leader-level meeting is really reported.

Importing this package makes the four others (`config`, `storage`, `crawler`, `alerts`) importable by their plain
names: from `envoywatch/_packages` in an installed wheel, from the checkout's root otherwise. They go *first* on
`sys.path`, because public packages carry such names too.
"""

import sys
from pathlib import Path

from envoywatch._version import VERSION

__version__ = VERSION

_here = Path(__file__).resolve().parent
_bundled = _here / "_packages"
_packages = str(_bundled if _bundled.is_dir() else _here.parent)
if sys.path[:1] != [_packages]:
    sys.path.insert(0, _packages)

__all__ = ["__version__"]
