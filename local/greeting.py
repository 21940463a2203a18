"""The description of a ready stack, for its user and for the command line."""

import subprocess
import sys
from collections.abc import Collection
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from local.errors import Problem
from local.stack import BROKER, POSTGRES, REGISTRY, Stack

_ISSUE = (
    "import os; from api.http.tokens import issue; print(issue(os.environ['RONDO_SECRET'], os.environ['RONDO_USER']))"
)


def description(stack: Stack, user: str, only: Collection[str] | None) -> dict[str, Any]:
    """Return the content of ``run.json``: each part's address, and a token if the API runs."""
    where = stack.addresses
    known = {
        BROKER: ("kafka", where.kafka),
        POSTGRES: ("postgres", where.postgres),
        REGISTRY: ("registry", where.registry),
    }
    described = dict(known[part] for part in known if only is None or part in only)
    if stack.topologies:
        described["topologies"] = stack.topologies
    if only is None:
        described |= {"api": where.api, "user": user, "token": _token(stack, user)}
    return described


def _token(stack: Stack, user: str) -> str:
    """Return a token for ``user``, issued by the API's code in a process of its own: ``local`` does not import it."""
    environment = {**stack.environment(), "RONDO_USER": user}
    done = subprocess.run([sys.executable, "-c", _ISSUE], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Problem(f"No token could be issued: {done.stderr.strip()}")
    return done.stdout.strip()


def greeting(run: dict[str, Any], file: Path, seconds: float, *, today: date, webhook: bool) -> str:
    """Return the text to print when the stack that ``run`` describes is ready."""
    if "api" not in run:
        parts = "".join(f"export RONDO_{name.upper()}={address}\n" for name, address in run.items())
        return f"\nReady after {seconds:.1f} s. Ctrl-C stops it; the data stays in {file.parent}.\n\n{parts}"
    header = f"-H 'Authorization: Bearer {run['token']}'"
    due = f'{{"date": "{today + timedelta(days=1)}", "time": "09:00", "zone": "Europe/Paris"}}'
    task = f'{{"title": "Water the plants", "due": {due}}}'
    reminders = "go to RONDO_WEBHOOK" if webhook else 'appear here, as "Reminder: Water the plants"'
    return f"""
Rondo is ready after {seconds:.1f} s.

  API        {run["api"]}
  reference  {run["api"]}/docs
  reminders  {reminders}
  the rest   {file} (broker, registry, Postgres, token)

Create a task:

  curl -sS -X POST {run["api"]}/v1/tasks \\
    {header} \\
    -H 'Content-Type: application/json' -H 'Prefer: wait' \\
    -d '{task}'

Read your tasks:

  curl -sS {run["api"]}/v1/tasks {header}

Ctrl-C stops everything; the data stays in {file.parent}.
"""
