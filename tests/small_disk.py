"""A disk of a test's own, so small that it can be filled in a moment."""

import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

MIB = 1024 * 1024


class SmallDisk:
    """A file system in memory. What fills it is a file, as somebody's download would be."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path / "download"

    @property
    def free(self) -> int:
        """The bytes that are free."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def fill(self, leaving: int = 0) -> None:
        """Take all that is free at once, except ``leaving`` bytes."""
        with self._file.open("ab", buffering=0) as file:
            for step in (64 * MIB, MIB, 4096):
                with suppress(OSError):
                    while self.free - step >= leaving:
                        os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, step)

    @contextmanager
    def kept_full(self) -> Iterator[None]:
        """Take whatever becomes free meanwhile, too."""
        over = threading.Event()

        def keep() -> None:
            while not over.wait(0.01):
                self.fill()

        self.fill()
        keeping = threading.Thread(target=keep)
        keeping.start()
        try:
            yield
        finally:
            over.set()
            keeping.join()

    def clear(self) -> None:
        """Give back what was taken."""
        self._file.unlink(missing_ok=True)


@contextmanager
def small_disk(size: int, files: int = 0) -> Iterator[SmallDisk]:
    """Mount a disk of ``size`` bytes, and files where that is no 0; the test is skipped where that is not allowed."""
    with tempfile.TemporaryDirectory(prefix="rondo-disk-") as name:
        Path(name).chmod(0o755)  # an embedded Postgres may run as somebody else
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size},nr_inodes={files},mode=755", "tmpfs", name]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"No disk of the test's own can be mounted: {error}")
        try:
            yield SmallDisk(Path(name))
        finally:
            subprocess.run(["umount", "--lazy", name], check=True)
