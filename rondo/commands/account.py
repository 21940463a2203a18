"""`rondo login`, `rondo logout` and `rondo whoami`: which Rondo, and as whom."""

from datetime import UTC, datetime
from typing import Any

import click

from rondo.client import Login, Unknown, login
from rondo.commands import shared
from rondo.commands.shared import TaskCommand
from rondo.operator import location


@click.command("login", cls=TaskCommand)
@click.argument("url", required=False)
def log_in(url: str | None) -> None:
    """Keep the address and the token that the next commands use, after checking them.

    Without URL they are those of the Rondo that runs here. The token for URL is RONDO_TOKEN; else it is asked for, or
    read from standard input where that is no terminal.
    """
    found = Login(url.rstrip("/"), location.named().get("token") or _token()) if url else Login.local()
    if not found:
        raise Unknown("No Rondo runs here: `make run` starts one, `rondo login URL` takes another.")
    check(found)
    click.echo(f"Logged in to {found.api} as {user(found)['user']}; kept in {found.store()}")


@click.command("logout", cls=TaskCommand)
def log_out() -> None:
    """Forget the address and the token of `rondo login`."""
    click.echo("Logged out." if login.forget() else "You were not logged in.")


@click.command(cls=TaskCommand)
@shared.as_json
def whoami(as_json: bool) -> None:
    """Show which Rondo the commands talk to, as whom, and what says so; then check that it answers."""
    found = Login.found()
    told = {"api": found.api, **user(found), "source": found.source}
    if as_json:
        shared.echo_json(told)
    else:
        click.echo("\n".join(f"{name}\t{value}" for name, value in told.items() if value))
    check(found)


def check(found: Login) -> None:
    """Ask the API for something that only a valid token gets. Raises a ``RondoError``."""
    with shared.Client(found.api, found.token) as client:
        next(client.tasks(limit=1), None)


def user(found: Login) -> dict[str, Any]:
    """Return what the token says of itself, unchecked: the user's id, and until when it is valid."""
    until = found.claims.get("exp")
    return {
        "user": found.claims.get("sub", "an unknown user"),
        "valid_until": _instant(until),
    }


def _instant(seconds: object) -> str | None:
    """Return the instant of a token's claim, which may be anything; None where it is none."""
    try:
        return datetime.fromtimestamp(float(str(seconds)), UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return None


def _token() -> str:
    if click.get_text_stream("stdin").isatty():
        return str(click.prompt("Token", hide_input=True, err=True)).strip()
    return click.get_binary_stream("stdin").readline().decode().strip()
