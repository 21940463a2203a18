"""Installs what uv.lock pins into .venv, with uv (brought along if the machine has none).

Runs on the machine's Python with nothing installed yet, and installs nothing into it: it imports the standard library
only, and parses on an old Python too, so that it can say that it is too old.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

UV = "0.13.9"
ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
LOG = CACHE / "install.log"
NEEDED = 1500 * 1024 * 1024  # bytes: .venv and uv's cache, which share files where the disk allows, and the jars
_UNREACHABLE = re.compile(
    r"error sending request|dns error|failed to fetch|connection|timed out|temporary failure", re.IGNORECASE
)


class Problem(Exception):
    """Something is missing; the text is one sentence that says what to do."""


def main() -> None:
    """Install everything, or end with one sentence."""
    try:
        check(sys.version_info[:2], shutil.disk_usage(str(ROOT)).free)
        CACHE.mkdir(exist_ok=True)
        LOG.write_text("")
        install(uv())
        (ROOT / ".venv" / ".installed").touch()
    except Problem as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit(130)


def check(python: "tuple[int, ...]", free: int) -> None:
    """Raise ``Problem`` unless this Python is new enough and ``free`` bytes of disk suffice."""
    if python < (3, 11):
        raise Problem(
            "Rondo needs Python 3.11 or later, and this is {}.{}: install one and name it, as in"
            " `make run PYTHON=python3.12`.".format(*python)
        )
    if free < NEEDED:
        raise Problem(
            f"The disk of {ROOT} has {free >> 20} MiB free, and installing Rondo takes {NEEDED >> 20}: free some."
        )


def uv() -> str:
    """Return the command of uv: the machine's, else one of our own in .cache."""
    found = shutil.which("uv")
    if found:
        return found
    home = CACHE / f"uv-{UV}"
    own = home / "bin" / "uv"
    if not own.exists():
        pip, options = sys.executable, ["--target", str(home)]
        if importlib.util.find_spec("pip") is None:
            pip, options = environment(home), []
        fetch = [pip, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options, f"uv=={UV}"]
        if run("Fetching uv", fetch, {"PIP_USER": "0"}):
            raise failure("uv", LOG.read_text(errors="replace"))
    return str(own)


def environment(home: Path) -> str:
    """Make a virtual environment with pip in it, and return its Python."""
    if run("Preparing pip", [sys.executable, "-m", "venv", "--clear", str(home)]):
        raise Problem(
            f"{sys.executable} has neither pip nor a working venv module, and there is no uv: install any of them (on"
            f" Debian and Ubuntu: apt install python3-venv). What it said is in {LOG}."
        )
    return str(home / "bin" / "python")


def install(command: str) -> None:
    """Bring .venv to what uv.lock says."""
    argv = [command, "sync", "--locked", "--python", sys.executable]
    settings = {
        "UV_CACHE_DIR": str(CACHE / "uv"),
        "UV_COMPILE_BYTECODE": "1",  # eight processes start at once: compiling as each imports cost them 6 s apiece
        "UV_PROJECT_ENVIRONMENT": ".venv",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    if run("Installing Python packages into .venv", argv, settings):
        raise failure("The Python packages", LOG.read_text(errors="replace"))


def failure(what: str, told: str) -> Problem:
    """Return the problem of what could not be installed, from what the installer told."""
    if _UNREACHABLE.search(told):
        return Problem(
            f"{what} could not be installed, as no registry of Python packages answers: connect to the internet (or set"
            f" HTTPS_PROXY), and run it again. What was tried is in {LOG}."
        )
    last = (told.strip().splitlines() or ["nothing was said"])[-1].strip()
    return Problem(f"{what} could not be installed ({last}): see {LOG}, then run it again.")


def run(title: str, argv: "list[str]", settings: "dict[str, str] | None" = None) -> int:
    """Run a command with its output in the log, show how long it has taken, and return its exit status."""
    began = time.monotonic()
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    with LOG.open("ab") as log:
        process = subprocess.Popen(
            argv, cwd=str(ROOT), env={**environment, **(settings or {})}, stdout=log, stderr=subprocess.STDOUT
        )
        while process.poll() is None:
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{title} … {time.monotonic() - began:.0f} s")
                sys.stderr.flush()
            time.sleep(0.2)
    start = "\r" if sys.stderr.isatty() else ""
    sys.stderr.write(f"{start}{title}: {time.monotonic() - began:.1f} s\n")
    return process.returncode


if __name__ == "__main__":
    main()
