"""What a name means that people type: a list, a saved filter, a tag."""

from collections.abc import Iterable
from typing import TypeVar

from rondo.client import NotFound, Rondo
from rondo.client.shapes import List, SavedFilter
from rondo.commands import shared
from rondo.commands.ending import Failed
from rondo.terminal.ids import LEAST
from rondo.terminal.plain import plain
from streams.domain import cleaning

Named = TypeVar("Named", List, SavedFilter)


def list_id(client: Rondo, typed: str) -> str:
    """Return the id of the list that a name means, or an id or its beginning. Raises ``Failed`` where it means none."""
    return _meant(client.lists(limit=shared.PAGE), typed, "list")["id"]


def saved_filter(client: Rondo, typed: str) -> SavedFilter:
    """Return the saved filter that is meant, as ``list_id`` the list."""
    return _meant(client.filters(limit=shared.PAGE), typed, "filter")


def tag(client: Rondo, typed: str) -> str:
    """Return the name of a tag: without the # that filters write before it, unless there is one that has it."""
    name = cleaning.tag(typed)
    if name == typed or not name:
        return typed
    try:
        return client.show_tag(typed)["name"]
    except NotFound:
        return name


def _meant(all_of_them: Iterable[Named], typed: str, what: str) -> Named:
    known, name = list(all_of_them), cleaning.line(typed).casefold()
    named = [one for one in known if one["name"].casefold() == name]
    found = named or [one for one in known if len(typed) >= LEAST and one["id"].startswith(typed)]
    if not found:
        raise Failed(f"There is no {what} {plain(typed)}: `rondo {what}s` shows which there are.")
    if len(found) > 1:
        ids = ", ".join(one["id"] for one in found)
        raise Failed(f"{plain(typed)} means several {what}s: type an id of {ids}.")
    return found[0]
