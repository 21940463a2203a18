"""Installs the packages of uv.lock into .venv, with uv (fetched if the machine has none).

Runs on the machine's Python and installs nothing into it. Imports only the standard library, and parses on an old
Python too, so that it can report that the Python is too old.
"""

import signal

if __name__ == "__main__":  # while this imports, Ctrl-C exits silently
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import importlib.util
import os
import re
import shutil
import site
import subprocess
import sys
import time
from pathlib import Path

UV = "0.13.9"
FORBIDDEN = ':"$`\\\n'
"""Colons separate directories in paths; initdb puts its path in double quotes of a shell."""
ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
LOG = CACHE / "install.log"
VENV = ROOT / ".venv"
INSTALLED = VENV / ".installed"  # the directory and the Python version: make compares them
NEEDED = 1500 * 1024 * 1024  # bytes: .venv and uv's cache, which share files if the disk can, and the jars
_UNREACHABLE = re.compile(
    r"error sending request|dns error|failed to fetch|connection|timed out|temporary failure", re.IGNORECASE
)


class Problem(Exception):
    """An error whose text is one sentence that says what to do."""


def main() -> None:
    """Install everything, or exit with one sentence."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        if sys.flags.no_site:  # make skips it: interrupted there, Python would print a traceback
            site.main()
        check(sys.version_info[:2], shutil.disk_usage(str(ROOT)).free)
        check_place(os.fsencode(str(ROOT)))
        CACHE.mkdir(exist_ok=True)
        LOG.write_text("")
        discard(VENV)
        install(uv())
        INSTALLED.write_bytes(place())
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
            f"The disk of {ROOT} has {free >> 20} MiB free, and installing Rondo needs {NEEDED >> 20}: free some space."
        )


def check_place(root: bytes) -> None:
    """Raise ``Problem`` for a path from which Python environments, Postgres or Java can't start."""
    try:
        text = root.decode()
    except UnicodeDecodeError:
        text = os.fsdecode(root)
        odd = ["byte that is not UTF-8"]
    else:
        odd = [repr(character) for character in FORBIDDEN if character in text]
    if odd:
        raise Problem(
            f"Rondo can't run from {text!r}: its programs allow no {odd[0]} in their path. Move it to another"
            " directory (the data may be anywhere: RONDO_DATA)."
        )


def place() -> bytes:
    """Return the directory and the Python version of this installation, which ``make`` compares."""
    return os.fsencode(str(ROOT)) + "\n{}.{}\n".format(*sys.version_info[:2]).encode()


def discard(environment: Path) -> None:
    """Remove an environment of another directory or Python: its scripts would run that one, or nothing."""
    if environment.is_symlink():
        environment.unlink()
    elif environment.exists() and not ours(environment):
        shutil.rmtree(str(environment))


def ours(environment: Path) -> bool:
    """Return whether an environment was installed for this directory and Python."""
    known, script = environment / ".installed", environment / "bin" / "rondo"
    if known.exists() and known.read_bytes():
        return known.read_bytes() == place()
    return script.exists() and script.read_bytes().startswith(
        b"#!" + os.fsencode(str(environment))
    )  # an earlier version


def uv() -> str:
    """Return the command of uv: the machine's, else our own in .cache."""
    found = shutil.which("uv")
    if found:
        return found
    home = CACHE / f"uv-{UV}"
    own = home / "bin" / "uv"
    if not works(own):
        shutil.rmtree(str(home), ignore_errors=True)  # from an install that was killed, or from another machine
        pip, options = sys.executable, ["--target", str(home)]
        if importlib.util.find_spec("pip") is None:
            pip, options = environment(home), []
        fetch = [pip, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options, f"uv=={UV}"]
        if run("Fetching uv", fetch, {"PIP_USER": "0"}):
            raise failure("uv", LOG.read_text(errors="replace"))
    return str(own)


def works(command: Path) -> bool:
    """Return whether a command can be run and succeeds."""
    try:
        return subprocess.run([str(command), "--version"], check=False, stdout=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def environment(home: Path) -> str:
    """Create a virtual environment with pip, and return its Python."""
    if run("Preparing pip", [sys.executable, "-m", "venv", "--clear", str(home)]):
        raise Problem(
            f"{sys.executable} has neither pip nor a working venv module, and there is no uv: install any of them (on"
            f" Debian and Ubuntu: apt install python3-venv). Its output is in {LOG}."
        )
    return str(home / "bin" / "python")


def install(command: str) -> None:
    """Install the packages of uv.lock into .venv."""
    argv = [command, "sync", "--locked", "--python", sys.executable]
    settings = {
        "UV_CACHE_DIR": str(CACHE / "uv"),
        "UV_COMPILE_BYTECODE": "1",  # eight processes start at once: compiling as each imports cost them 6 s apiece
        "UV_PROJECT_ENVIRONMENT": ".venv",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    if run("Installing Python packages into .venv", argv, settings):
        raise failure("The Python packages", LOG.read_text(errors="replace"))


def failure(what: str, output: str) -> Problem:
    """Return the problem of a failed installation, from the installer's output."""
    if _UNREACHABLE.search(output):
        return Problem(
            f"{what} could not be installed, as no registry of Python packages answers: connect to the internet (or set"
            f" HTTPS_PROXY), and run it again. The output is in {LOG}."
        )
    last = (output.strip().splitlines() or ["no output"])[-1].strip()
    return Problem(f"{what} could not be installed ({last}): see {LOG}, then run it again.")


def run(title: str, argv: "list[str]", settings: "dict[str, str] | None" = None) -> int:
    """Run a command with its output in the log, show the time it takes, and return its exit status."""
    began = time.monotonic()
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    with LOG.open("ab") as log:
        process = subprocess.Popen(
            argv, cwd=str(ROOT), env={**environment, **(settings or {})}, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            while process.poll() is None:
                if sys.stderr.isatty():
                    sys.stderr.write(f"\r{title} … {time.monotonic() - began:.0f} s")
                    sys.stderr.flush()
                time.sleep(0.2)
        except KeyboardInterrupt:  # the terminal's Ctrl-C has reached it too
            process.terminate()
            process.wait()
            raise
    start = "\r" if sys.stderr.isatty() else ""
    sys.stderr.write(f"{start}{title}: {time.monotonic() - began:.1f} s\n")
    return process.returncode


if __name__ == "__main__":
    main()
