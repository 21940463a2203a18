"""What a name means that people type: a list."""

from rondo.client import Rondo
from rondo.commands import shared
from rondo.commands.ending import Failed
from rondo.terminal.ids import LEAST
from rondo.terminal.shown import plain


def list_id(client: Rondo, typed: str) -> str:
    """Return the id of the list that a name means, or an id or its beginning. Raises ``Failed`` where it means none."""
    lists = list(client.lists(limit=shared.PAGE))
    named = [one["id"] for one in lists if one["name"].casefold() == typed.casefold()]
    found = named or [one["id"] for one in lists if len(typed) >= LEAST and one["id"].startswith(typed)]
    if not found:
        raise Failed(f"There is no list {plain(typed)}: `rondo lists` shows which there are.")
    if len(found) > 1:
        raise Failed(f"{plain(typed)} means several lists: type an id of {', '.join(found)}.")
    return found[0]
