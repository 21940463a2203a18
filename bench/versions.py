"""The versions of Rondo that are compared: this clone, and an earlier commit in a worktree of it."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.errors import Problem
from local.settings import CACHE, ROOT

THIS, BEFORE = "this", "before"


@dataclass(frozen=True)
class Version:
    """A version of Rondo in a directory, with its packages installed."""

    name: str
    root: Path

    def program(self, name: str) -> str:
        """Return the path of a program of its environment."""
        return str(self.root / ".venv" / "bin" / name)


@contextmanager
def versions(before: str | None) -> Iterator[list[Version]]:
    """Yield this version and, if a commit is named, that one; raise ``Problem`` if it can't be had."""
    this = Version(THIS, ROOT)
    if before is None:
        yield [this]
        return
    with _worktree(before) as root:
        yield [this, Version(BEFORE, root)]


@contextmanager
def _worktree(commit: str) -> Iterator[Path]:
    """Check a commit out into a temporary worktree, and install what it needs, from this clone's caches."""
    directory = Path(tempfile.mkdtemp(prefix="rondo-before-"))
    root = directory / "rondo"
    try:
        _run(["git", "-C", str(ROOT), "worktree", "add", "--detach", str(root), commit], f"checked out at {commit}")
        (root / ".cache").symlink_to(CACHE)
        _run(["make", "-C", str(root), ".venv/.installed"], "installed")
        yield root
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        subprocess.run(["git", "-C", str(ROOT), "worktree", "prune"], capture_output=True, check=False)


def _run(argv: list[str], what: str) -> None:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise Problem(f"The version before can't be {what}: there is no {error.filename} here.") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise Problem(f"The version before can't be {what}: {last}")
