"""What a name means that people type: a list, a saved filter, a tag."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from domain import cleaning
from rondo.client import NotFound, Rondo
from rondo.client.models import List, SavedFilter
from rondo.commands import shared
from rondo.commands.exits import Failed
from rondo.terminal.ids import LEAST
from rondo.terminal.plain import plain

Named = TypeVar("Named", List, SavedFilter)
INBOX = "inbox"
"""What people call where the tasks without a list are. It is no list, but a list may be called so."""


def list_or_inbox(client: Rondo, typed: str) -> List | None:
    """Return the list that a name means, in any case, or an id or its beginning. Raises ``Failed`` for none.

    None is the inbox, where no list is called so.
    """
    known = list(client.lists(limit=shared.PAGE))
    if found := _meant(known, typed, "list"):
        return found
    return None if _folded(typed) == INBOX else _unknown(known, typed, "list")


def the_list(client: Rondo, typed: str) -> List:
    """Return the list that is meant, as ``list_or_inbox``. Raises ``Failed`` for the inbox, too."""
    if found := list_or_inbox(client, typed):
        return found
    raise Failed("The inbox is no list: it is where the tasks without one are, see `rondo list --list inbox`.")


def saved_filter(client: Rondo, typed: str) -> SavedFilter:
    """Return the saved filter that is meant, as ``the_list`` the list."""
    known = list(client.filters(limit=shared.PAGE))
    return _meant(known, typed, "filter") or _unknown(known, typed, "filter")


def tag(client: Rondo, typed: str) -> str:
    """Return the name of a tag: without the # that filters write before it, unless there is one that has it."""
    name = cleaning.tag(typed)
    if name == typed or not name:
        return typed
    try:
        return client.show_tag(typed)["name"]
    except NotFound:
        return name


def _meant(known: Sequence[Named], typed: str, what: str) -> Named | None:
    """Return what is called so, letter by letter before in any case, else what has an id that begins so."""
    name, id_ = cleaning.line(typed).strip(), typed.strip().lower()
    ways: tuple[Callable[[Named], bool], ...] = (
        lambda one: one["name"] == name,
        lambda one: _folded(one["name"]) == _folded(name),
        lambda one: len(id_) >= LEAST and one["id"].startswith(id_),
    )
    found = next((those for way in ways if (those := [one for one in known if way(one)])), [])
    if len(found) > 1:
        ids = ", ".join(one["id"] for one in found)
        raise Failed(f"{plain(typed)} means several {what}s: type an id of {ids}.")
    return found[0] if found else None


def _unknown(known: Sequence[Named], typed: str, what: str) -> Named:
    from difflib import get_close_matches  # noqa: PLC0415 - seldom needed

    names = {_folded(one["name"]): one["name"] for one in known}
    near = get_close_matches(_folded(typed), names, 1)
    wished = f" Did you mean `{plain(names[near[0]])}`?" if near else ""
    raise Failed(f"There is no {what} {plain(typed)!r}: `rondo {what}s` shows which there are.{wished}")


def _folded(name: str) -> str:
    from schemas.folding import fold  # noqa: PLC0415 - most commands compare no names

    return fold(cleaning.line(name).strip())
