"""Paths of directories for programs: as their working directory, so that none parses the directory's name."""

import os
from functools import cache
from pathlib import Path

LONGEST = 4096 - 256  # bytes: the limit of Linux, less the paths below a data directory


@cache
def here() -> str:
    """Return a plain name for the working directory of the program that reads it.

    Its real name may have any byte: Kafka's properties escape some and split at commas, Java decodes it by the locale,
    Postgres allows 1,024 bytes, and a parent directory may be closed to the user that it runs as. On Linux the kernel
    resolves this name to the directory itself; elsewhere a relative name must do.
    """
    return "/proc/self/cwd" if Path("/proc/self/cwd").exists() else "."


def formerly_read(value: str) -> list[str]:
    r"""Return the directories that Kafka may have created for a path written to its properties as UTF-8.

    Earlier versions wrote it. Java decodes the bytes as Latin-1, strips spaces, takes ``\`` as an escape, and writes
    ``?`` for characters that the locale lacks; Kafka splits at commas.
    """
    latin = _unescaped(value.encode("utf-8", "surrogateescape").decode("latin-1").lstrip(" \t\f"))
    read = dict.fromkeys((latin, latin.encode("ascii", "replace").decode()))
    return [part.strip() for text in read for part in text.split(",") if part.strip()]


def sync(path: Path) -> None:
    """Flush a file's content, or a directory's entries, to the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _unescaped(text: str) -> str:
    r"""Return text as java.util.Properties reads it; ``\uXXXX`` is not handled, as no earlier start survived one."""
    plain, escaped = [], False
    for character in text:
        if character == "\\" and not escaped:
            escaped = True
            continue
        plain.append({"t": "\t", "n": "\n", "r": "\r", "f": "\f"}.get(character, character) if escaped else character)
        escaped = False
    return "".join(plain)
