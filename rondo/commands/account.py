"""`rondo login`, `rondo logout` and `rondo whoami`: the server and the user that commands use."""

from datetime import UTC, datetime
from typing import Any

import click

from rondo.client import Login, Unknown, login
from rondo.commands import api_command, output
from rondo.commands.api_command import TaskCommand


@click.command("login", cls=TaskCommand)
@click.argument("url", required=False)
def log_in(url: str | None) -> None:
    """Save an address and a token for later commands, after checking them.

    Without URL, use those of the Rondo that runs here. The token for URL is RONDO_TOKEN, or else is prompted for, or
    read from standard input if that is not a terminal.
    """
    found = Login(url.rstrip("/"), login.named_in_environment().get("token") or _token()) if url else Login.local()
    if not found:
        raise Unknown("No Rondo runs here: start one with `make run`, or use another with `rondo login URL`.")
    check(found)
    click.echo(f"Logged in to {found.api} as {user(found)['user']}; saved in {found.store()}")


@click.command("logout", cls=TaskCommand)
def log_out() -> None:
    """Remove the address and the token that `rondo login` saved."""
    click.echo("Logged out." if login.forget() else "You were not logged in.")


@click.command(cls=TaskCommand)
@api_command.as_json
def whoami(as_json: bool) -> None:
    """Show the server and the user that commands use, and where that is configured; then check that it answers."""
    found = Login.load()
    details = {"api": found.api, **user(found), "source": found.source}
    if as_json:
        output.echo_json(details)
    else:
        click.echo("\n".join(f"{name}\t{value}" for name, value in details.items() if value))
    check(found)


def check(found: Login) -> None:
    """Make a request that needs a valid token. Raises a ``RondoError``."""
    with api_command.Client(found.api, found.token) as client:
        next(client.tasks(limit=1), None)


def user(found: Login) -> dict[str, Any]:
    """Return the token's own claims, unchecked: the user's id, and until when it is valid."""
    until = found.claims.get("exp")
    return {
        "user": found.claims.get("sub", "an unknown user"),
        "valid_until": _instant(until),
    }


def _instant(seconds: object) -> str | None:
    """Return the instant of a token's claim; None where the claim is no instant."""
    try:
        return datetime.fromtimestamp(float(str(seconds)), UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return None


def _token() -> str:
    if click.get_text_stream("stdin").isatty():
        return str(click.prompt("Token", hide_input=True, err=True)).strip()
    return click.get_binary_stream("stdin").readline().decode().strip()
