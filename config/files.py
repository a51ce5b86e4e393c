"""Reading a file that a person named, with every way it can fail said plainly, and writing one whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from config.errors import ConfigError, Finding

_LARGEST = 16 * 1024 * 1024


def read_text(path: Path, *, largest: int = _LARGEST) -> str:
    """The UTF-8 text of a regular file (a byte order mark is dropped); raises ConfigError with one finding."""
    return decode(read_bytes(path, largest=largest), path)


def read_bytes(path: Path, *, largest: int = _LARGEST) -> bytes:
    """The bytes of a regular file; raises ConfigError with one finding."""
    try:
        if path.is_dir():
            raise _fault(path, "this is a folder, not a file")
        if path.exists() and not path.is_file():
            raise _fault(path, "this is not a regular file")
        if path.exists() and path.stat().st_size > largest:
            raise _fault(path, f"larger than {largest // 1024 // 1024} MB", "long source lists belong in a CSV file")
        return path.read_bytes()
    except FileNotFoundError:
        raise _fault(path, "no such file") from None
    except PermissionError:
        raise _fault(path, "no permission to read it", "check its owner and mode: ls -l") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _fault(path, f"cannot be read: {reason}") from error


def decode(content: bytes, path: Path) -> str:
    """The text of UTF-8 bytes without byte order mark; raises ConfigError at the first byte that is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8-sig", "replace")) + 1
        message = f"the byte 0x{content[error.start]:02X} is not UTF-8"
        raise ConfigError([Finding(path, line, column, message, "save the file as UTF-8")]) from None


def _fault(path: Path, message: str, hint: str = "") -> ConfigError:
    return ConfigError([Finding(path, 0, 0, message, hint)])


def write_atomic(path: Path, text: str) -> None:
    """Put a file in place whole or not at all, on disk before it is visible; its mode stays, a new one is 0600.

    A symbolic link stays a link: what it points to is replaced.
    """
    target = path.resolve()
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o600
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".new")
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8"))
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        new.replace(target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
