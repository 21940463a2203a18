"""How programs are told of a directory: as the one they work in, so that none ever reads its name."""

import os
from functools import cache
from pathlib import Path

LONGEST = 4096 - 256  # bytes: what Linux takes, without what stands below a data directory


@cache
def here() -> str:
    """Return a plain name of the working directory of whichever program reads it.

    A name of its own may have any byte: Kafka's properties escape some and split at commas, Java knows only what the
    locale has, Postgres takes 1,024 bytes, and a directory above may be closed to the user that it runs as. On Linux
    the kernel follows this name to the directory itself; elsewhere a relative name has to do.
    """
    return "/proc/self/cwd" if Path("/proc/self/cwd").exists() else "."


def formerly_read(value: str) -> list[str]:
    r"""Return the directories that Kafka may have made of a path that stood in its properties as UTF-8.

    Earlier versions put it there. Java reads the bytes as Latin-1, drops spaces around, takes ``\`` as an escape, and
    in a locale without a character writes ``?``; Kafka splits at commas.
    """
    latin = _unescaped(value.encode("utf-8", "surrogateescape").decode("latin-1").lstrip(" \t\f"))
    read = dict.fromkeys((latin, latin.encode("ascii", "replace").decode()))
    return [part.strip() for text in read for part in text.split(",") if part.strip()]


def sync(path: Path) -> None:
    """Return once what is in a file, or which files are in a directory, is on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _unescaped(text: str) -> str:
    r"""Return text as java.util.Properties reads a value without ``\uXXXX``, which no earlier start survived."""
    plain, escaped = [], False
    for character in text:
        if character == "\\" and not escaped:
            escaped = True
            continue
        plain.append({"t": "\t", "n": "\n", "r": "\r", "f": "\f"}.get(character, character) if escaped else character)
        escaped = False
    return "".join(plain)
