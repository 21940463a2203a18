"""What was done in this terminal's name and can be undone: ids of commands and bulks, the latest last, by login."""

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import platformdirs

from rondo.client.login import Login

MOST = 100
"""So many steps are kept for a login."""
Kind = Literal["command", "bulk"]
Step = tuple[Kind, list[str]]
"""What one typed command did: the ids of its commands, or of its bulk."""


def push(login: Login, kind: Kind, ids: Sequence[str]) -> None:
    """Keep a step. Where it can't be kept, it can't be undone without its id: that hinders nothing else."""
    if ids:
        with contextlib.suppress(OSError):
            _write(login, [*steps(login), (kind, list(ids))][-MOST:])


def pop(login: Login) -> None:
    """Forget the latest step."""
    with contextlib.suppress(OSError):
        _write(login, steps(login)[:-1])


def steps(login: Login) -> list[Step]:
    """Return the steps of a login, the latest last."""
    try:
        return [(kind, ids) for kind, ids in json.loads(file(login).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def file(login: Login) -> Path:
    """Return the file of a login's steps, in the platform's directory for a program's state."""
    name = hashlib.sha256(f"{login.api} {login.claims.get('sub')}".encode()).hexdigest()[:16]
    return platformdirs.user_state_path("rondo", appauthor=False) / f"undo-{name}.json"


def _write(login: Login, kept: Sequence[Step]) -> None:
    path = file(login)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as part:
        json.dump(kept, part)
    Path(part.name).replace(path)
