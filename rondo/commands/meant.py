"""What a name means that people type: a list, or a saved filter."""

from collections.abc import Iterable
from typing import TypeVar

from rondo.client import Rondo
from rondo.client.shapes import List, SavedFilter
from rondo.commands import shared
from rondo.commands.ending import Failed
from rondo.terminal.ids import LEAST
from rondo.terminal.plain import plain

Named = TypeVar("Named", List, SavedFilter)


def list_id(client: Rondo, typed: str) -> str:
    """Return the id of the list that a name means, or an id or its beginning. Raises ``Failed`` where it means none."""
    return _meant(client.lists(limit=shared.PAGE), typed, "list")["id"]


def saved_filter(client: Rondo, typed: str) -> SavedFilter:
    """Return the saved filter that is meant, as ``list_id`` the list."""
    return _meant(client.filters(limit=shared.PAGE), typed, "filter")


def _meant(all_of_them: Iterable[Named], typed: str, what: str) -> Named:
    known = list(all_of_them)
    named = [one for one in known if one["name"].casefold() == typed.casefold()]
    found = named or [one for one in known if len(typed) >= LEAST and one["id"].startswith(typed)]
    if not found:
        raise Failed(f"There is no {what} {plain(typed)}: `rondo {what}s` shows which there are.")
    if len(found) > 1:
        ids = ", ".join(one["id"] for one in found)
        raise Failed(f"{plain(typed)} means several {what}s: type an id of {ids}.")
    return found[0]
