"""What README and docs tell people to type does what they say, on Rondo whole."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from local.settings import ROOT
from rondo.client import settled
from tests.acceptance.stack import Stack

CHAPTERS = {
    "README.md": ("Start", "In the terminal", "Find, change many, undo", "Watch the topics", "Replay"),
    "docs/cli.md": ("Log in", "Tasks", "Lists and tags", "Selection", "Many tasks", "Output"),
}
NOT_HERE = re.compile(r"^make |https://rondo\.example")
"""What starts this very stack, or is about one that is not here."""
IDS = ("6a1a", "7b29")
"""The beginning of the ids of the examples: the reader's own tasks have others."""
PYTHON = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs/api.md").read_text(), re.MULTILINE | re.DOTALL)


def script(document: str) -> str:
    """All that the chapters of a document tell to type into a shell, one after the other."""
    text = (ROOT / document).read_text()
    told = "".join(text.partition(f"\n## {chapter}\n")[2].partition("\n## ")[0] for chapter in CHAPTERS[document])
    blocks = re.findall(r"^```sh\n(.*?)^```$", told, re.MULTILINE | re.DOTALL)
    return "".join(line for block in blocks for line in block.splitlines(True) if not NOT_HERE.search(line))


@pytest.fixture
def reader(stack: Stack, tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who has just cloned Rondo, and runs it: one that names nothing of Rondo's."""
    (tmp_path / ".data").symlink_to(stack.data)
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RONDO_", "XDG_"))}
    return {**inherited, "HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


@pytest.mark.parametrize("document", CHAPTERS)
def test_what_a_document_tells_to_type_works(document: str, stack: Stack, reader: dict[str, str]):
    typed = script(document)
    for beginning in IDS:
        typed = re.sub(rf"\b{beginning}\w*", settled(stack.owner().rondo.create("Example", wait=30))["id"], typed)
    typed = typed.replace("--user ID", f"--user {stack.run['user']}").replace("rondo tail", "rondo tail --no-follow")
    done = run(["bash", "-euxo", "pipefail", "-c", typed], reader)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "/problems/" not in done.stdout  # curl ends well with these, too


@pytest.mark.parametrize("source", PYTHON)
def test_python_for_those_who_use_the_client_works(source: str, reader: dict[str, str]):
    body = "".join(f"    {line}" for line in source.splitlines(True))
    done = run([sys.executable, "-c", f"import asyncio\nasync def main():\n{body}\nasyncio.run(main())"], reader)
    assert done.returncode == 0, done.stderr


def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command where the reader is."""
    return subprocess.run(
        command,
        cwd=environment["HOME"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
