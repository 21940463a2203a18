"""Other users of the machine, and what they can read of somebody's files."""

import os
import stat
import subprocess
from pathlib import Path

NOBODY = 65534
_TRY = """for name; do { true < "$name"; } 2> /dev/null && printf '%s\\0' "$name"; done; true"""


def readable(directory: Path) -> list[Path]:
    """Return the files below a directory that another user can read who knows the name of each.

    Where the tests run as root, such a user really tries; else it goes by permissions.
    """
    files = sorted(path for path in directory.rglob("*") if path.is_file() and not path.is_symlink())
    return _tried(files) if os.geteuid() == 0 else [file for file in files if _is_open(file, directory)]


def _tried(files: list[Path]) -> list[Path]:
    done = subprocess.run(
        ["xargs", "-0", "sh", "-c", _TRY, "sh"],  # a Python may be where nobody else comes
        input=b"\0".join(map(os.fsencode, files)),
        capture_output=True,
        check=True,
        cwd="/",
        user=NOBODY,
        group=NOBODY,
        extra_groups=(),
    )
    return [Path(os.fsdecode(name)) for name in done.stdout.split(b"\0") if name]


def _is_open(file: Path, directory: Path) -> bool:
    above = [parent for parent in file.parents if parent.is_relative_to(directory)]
    passable = all(parent.stat().st_mode & stat.S_IXOTH for parent in above)
    return passable and bool(file.stat().st_mode & stat.S_IROTH)
