"""The journal of `rondo undo`: ids of commands and bulks that can be undone, the latest last, by login."""

import contextlib
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import platformdirs

from rondo.client.login import Login

MOST = 100
"""Steps kept for a login."""
Kind = Literal["command", "bulk"]


class Step(NamedTuple):
    """What one command line did: the ids of its commands, or of its bulk, and a summary."""

    kind: Kind
    ids: list[str]
    summary: str = ""


def push(login: Login, step: Step) -> None:
    """Keep a step. If it can't be written, the step can't be undone without its id; nothing else fails.

    A bulk's step replaces the one that was kept before the bulk ended.
    """
    if step.ids:
        with contextlib.suppress(OSError):
            kept = [each for each in steps(login) if step.kind != "bulk" or (each.kind, each.ids) != step[:2]]
            _write(login, [*kept, step][-MOST:])


def pop(login: Login) -> None:
    """Remove the latest step."""
    with contextlib.suppress(OSError):
        _write(login, steps(login)[:-1])


def steps(login: Login) -> list[Step]:
    """Return the steps of a login, the latest last."""
    try:
        return [Step(*each) for each in json.loads(file(login).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def file(login: Login) -> Path:
    """Return the file of a login's steps, in the platform's state directory."""
    name = hashlib.sha256(f"{login.api} {login.claims.get('sub')}".encode()).hexdigest()[:16]
    return platformdirs.user_state_path("rondo", appauthor=False) / f"undo-{name}.json"


def _write(login: Login, kept: Sequence[Step]) -> None:
    import tempfile  # noqa: PLC0415 - most commands don't need it

    path = file(login)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as part:
        json.dump(kept, part)
    Path(part.name).replace(path)
