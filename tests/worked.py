"""A worked example of a document, followed in a copy of the tree: what its text says is done there, and nothing else.

A block of code belongs to the last file that the text names before it. A block of ``sh`` is run, line by line. One of
``diff`` changes its file: what has a space or a minus before it is found there, once, and replaced by what has a space
or a plus; ``@@`` divides several changes. Any other block is the whole file.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
_OTHERS_OWN = shutil.ignore_patterns("__pycache__", "node_modules")
_STEP = re.compile(r"`([\w.-]+(?:/[\w.-]+)+|Procfile|Makefile)`|^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def section(document: str, heading: str) -> str:
    """Return the part of a document below a heading, up to the next of its level."""
    _, found, rest = document.partition(f"\n## {heading}")
    assert found, heading
    return rest.partition("\n## ")[0]


def steps(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield what a text says to do: the language of a block, the file that it belongs to, and the block."""
    file = ""
    for named, language, block in _STEP.findall(text):
        file = named or file
        if language:
            yield language, file, block


def changed(text: str, diff: str) -> str:
    """Return a file's text after the changes of a block. Fails where what they begin with is not there once."""
    for hunk in re.split(r"^@@.*\n", diff, flags=re.MULTILINE):
        lines = [(line[:1] or " ", line[1:]) for line in hunk.splitlines(keepends=True)]
        before = "".join(line or "\n" for sign, line in lines if sign in " -\n")
        after = "".join(line or "\n" for sign, line in lines if sign in " +\n")
        assert text.count(before) == 1, f"This is there {text.count(before)} times:\n{before}"
        text = text.replace(before, after)
    return text


def _same(one: Path, other: Path) -> bool:
    return other.exists() and one.read_bytes() == other.read_bytes()


class Example:
    """A copy of the tree, in which an example is followed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.touched: list[str] = []
        """The files that were written or changed by hand, in their order."""
        for path in ROOT.iterdir():
            if path.is_dir() and not path.name.startswith("."):
                shutil.copytree(path, root / path.name, ignore=_OTHERS_OWN)
            elif path.is_file() and not path.name.startswith("."):
                shutil.copy(path, root / path.name)
        (root / ".venv").mkdir()
        for name in ("bin", "lib", "pyvenv.cfg"):
            (root / ".venv" / name).symlink_to(Path(sys.prefix) / name)
        version = "{}.{}".format(*sys.version_info)
        (root / ".venv" / ".installed").write_text(f"{root.resolve()}\n{version}\n")  # so make installs nothing
        (root / ".cache").symlink_to(ROOT / ".cache")

    def follow(self, text: str) -> None:
        """Do all that a text says."""
        for language, file, block in steps(text):
            if language == "sh":
                self.shell(block)
            elif language == "diff":
                self.write(file, changed((self.root / file).read_text(), block))
            else:
                assert not (self.root / file).exists(), file
                self.write(file, block)

    def differing(self) -> set[str]:
        """Return the files that the original has not, or has otherwise."""
        files = (path.relative_to(self.root) for path in self.root.rglob("*") if path.is_file())
        own = [file for file in files if not any(part.startswith((".", "__")) for part in file.parts[:-1])]
        return {str(file) for file in own if not _same(self.root / file, ROOT / file)}

    def write(self, file: str, text: str) -> None:
        """Write a file by hand."""
        self.touched += [] if file in self.touched else [file]
        (self.root / file).parent.mkdir(parents=True, exist_ok=True)
        (self.root / file).write_text(text)

    def shell(self, lines: str, **settings: str) -> str:
        """Run lines of shell as they are typed in the copy; return what they print. Fails where one does."""
        environment = os.environ | {"PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"} | settings
        command = ["bash", "-ec", lines]
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{lines}\n{done.stdout}{done.stderr}"
        return done.stdout


@contextmanager
def copied() -> Iterator[Example]:
    """Yield a copy in which Postgres runs, too: as another user, who may not look into pytest's own directories."""
    with tempfile.TemporaryDirectory(prefix="rondo-copy-") as directory:
        Path(directory).chmod(0o755)
        yield Example(Path(directory))
