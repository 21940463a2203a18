"""Resolves names that people type: of lists, saved filters, targets and tags."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from domain import cleaning
from rondo.client import NotFound, Rondo
from rondo.client.models import List, SavedFilter, Target
from rondo.commands import api_command
from rondo.commands.exits import Failed
from rondo.terminal.ids import LEAST
from rondo.terminal.plain import plain

Named = TypeVar("Named", List, SavedFilter, Target)
INBOX = "inbox"
"""The name of where tasks without a list are. It is no list, though a list may have that name."""


def list_or_inbox(client: Rondo, typed: str) -> List | None:
    """Return the list of this name, in any case, or of this id or its beginning. Raises ``Failed`` for none.

    None is the inbox, unless a list has that name.
    """
    known = list(client.lists(limit=api_command.PAGE))
    if found := _match(known, typed, "list"):
        return found
    return None if _folded(typed) == INBOX else _unknown(known, typed, "list")


def the_list(client: Rondo, typed: str) -> List:
    """Return a list, as ``list_or_inbox`` does. Raises ``Failed`` for the inbox, too."""
    if found := list_or_inbox(client, typed):
        return found
    raise Failed("The inbox is not a list: it holds the tasks without one, see `rondo list --list inbox`.")


def saved_filter(client: Rondo, typed: str) -> SavedFilter:
    """Return the saved filter of this name or id, as ``the_list`` does for lists."""
    known = list(client.filters(limit=api_command.PAGE))
    return _match(known, typed, "filter") or _unknown(known, typed, "filter")


def target(client: Rondo, typed: str) -> Target:
    """Return the target of this name or id, as ``the_list`` does for lists."""
    known = list(client.targets(limit=api_command.PAGE))
    return _match(known, typed, "target") or _unknown(known, typed, "target")


def tag(client: Rondo, typed: str) -> str:
    """Return the name of a tag: without the # that filters use, unless a tag has it in its name."""
    name = cleaning.tag(typed)
    if name == typed or not name:
        return typed
    try:
        return client.show_tag(typed)["name"]
    except NotFound:
        return name


def _match(known: Sequence[Named], typed: str, what: str) -> Named | None:
    """Return the one with this name, exactly or else in any case, or whose id begins with it."""
    name, id_ = cleaning.line(typed).strip(), typed.strip().lower()
    tests: tuple[Callable[[Named], bool], ...] = (
        lambda one: one["name"] == name,
        lambda one: _folded(one["name"]) == _folded(name),
        lambda one: len(id_) >= LEAST and one["id"].startswith(id_),
    )
    found = next((those for test in tests if (those := [one for one in known if test(one)])), [])
    if len(found) > 1:
        ids = ", ".join(one["id"] for one in found)
        raise Failed(f"{plain(typed)} is ambiguous: use one of the {what} ids {ids}.")
    return found[0] if found else None


def _unknown(known: Sequence[Named], typed: str, what: str) -> Named:
    from difflib import get_close_matches  # noqa: PLC0415 - seldom needed

    names = {_folded(one["name"]): one["name"] for one in known}
    near = get_close_matches(_folded(typed), names, 1)
    suggestion = f" Did you mean `{plain(names[near[0]])}`?" if near else ""
    raise Failed(f"There is no {what} {plain(typed)!r}: list them with `rondo {what}s`.{suggestion}")


def _folded(name: str) -> str:
    from domain.folding import fold  # noqa: PLC0415 - most commands compare no names

    return fold(cleaning.line(name).strip())
