"""How RocksDB is told of a directory: its name has to be UTF-8, which the system's need not be."""

import os
from functools import cache
from pathlib import Path


def utf8(path: Path) -> str:
    """Return a name of ``path`` that is UTF-8: where its own is not, by way of the part that is not, held open."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        *_, odd = (above for above in (*reversed(path.parents), path) if not _plain(above.name))
        return f"/proc/self/fd/{_opened(odd)}/{path.relative_to(odd)}"
    return str(path)


def _plain(name: str) -> bool:
    return not any("\udc80" <= character <= "\udcff" for character in name)


@cache
def _opened(directory: Path) -> int:
    """Open a directory for as long as this process lives: RocksDB makes files in it whenever it needs some."""
    return os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
