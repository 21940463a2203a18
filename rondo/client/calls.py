"""The calls of the API: their requests and the shapes of their answers. The clients only send them."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Unpack, overload
from urllib.parse import quote
from uuid import uuid4

from rondo.client.call import Call, Listing, Lists, Sends
from rondo.client.errors import Pending
from rondo.client.models import (
    Answer,
    Bulk,
    Changes,
    Count,
    Entry,
    Facets,
    Fields,
    FilterAnswer,
    FilterChanges,
    FilterFields,
    Known,
    Language,
    List,
    ListAnswer,
    ListChanges,
    ListedTask,
    ListFields,
    NewBulk,
    Notification,
    Occurrences,
    Place,
    ReadTask,
    Refs,
    Refusal,
    SavedFilter,
    Scope,
    Settings,
    SettingsAnswer,
    SettingsChanges,
    StandingReminder,
    Tag,
    TagAnswer,
    Target,
    TargetAnswer,
    TargetChanges,
    TargetFields,
    Task,
    TaskTitles,
    TestResult,
    Until,
    UpcomingOccurrences,
    WebPushKey,
)

PAGE = 50
"""Default number of items per page; the API allows at most 200."""


def create(title: str, *, wait: float | None = None, key: str | None = None, **fields: Unpack[Fields]) -> Call[Answer]:
    """Create a task with a title and other fields of the API.

    Like every command, it is answered immediately, as pending; or, with ``wait`` (seconds), with its outcome and the
    task, pending only if that takes longer. ``key`` is the Idempotency-Key under which a program may repeat it later;
    retries within this call are safe without one.
    """
    return _command("POST", "/v1/tasks", wait, key, body={"title": title, **fields})


def update(
    task: str,
    *,
    wait: float | None = None,
    key: str | None = None,
    version: int | None = None,
    scope: Scope | None = None,
    occurrence: str | None = None,
    **fields: Unpack[Changes],
) -> Call[Answer]:
    """Set the given fields of a task; None clears one. Members of ``due`` and ``start`` not given stay (RFC 7396).

    ``scope`` says which occurrences of a series change; by default a moved due or start is this one's alone. With
    ``occurrence``, as in ``complete``, "this one" is that.

    As in every command on an existing task, if ``version`` is given and the task has another one by then, nothing is
    done, and the outcome is ``Outdated``.
    """
    query = _given(scope=scope, occurrence=occurrence)
    return _command("PATCH", _task(task), wait, key, body=fields, version=version, query=query)


def move(
    task: str,
    *,
    wait: float | None = None,
    key: str | None = None,
    version: int | None = None,
    **place: Unpack[Place],
) -> Call[Answer]:
    """Move a task just ``before`` or ``after`` another, by id, or ``to`` the top or the bottom of your own order."""
    return _command("POST", f"{_task(task)}/move", wait, key, body=place, version=version)


def complete(
    task: str,
    *,
    wait: float | None = None,
    key: str | None = None,
    version: int | None = None,
    occurrence: str | None = None,
) -> Call[Answer]:
    """Complete a task; or, by its local day or time, an ``occurrence`` of its series that is yet to come."""
    query = _given(occurrence=occurrence)
    return _command("POST", f"{_task(task)}/complete", wait, key, version=version, query=query)


def skip(
    task: str,
    *,
    wait: float | None = None,
    key: str | None = None,
    version: int | None = None,
    occurrence: str | None = None,
) -> Call[Answer]:
    """Close an occurrence of a series without doing it; the next one is created. ``occurrence`` as in ``complete``."""
    query = _given(occurrence=occurrence)
    return _command("POST", f"{_task(task)}/skip", wait, key, version=version, query=query)


def snooze(
    task: str,
    *,
    wait: float | None = None,
    key: str | None = None,
    version: int | None = None,
    **until: Unpack[Until],
) -> Call[Answer]:
    """Remind of a task once more, ``until`` a time or after a ``duration``, and repeatedly only from then on."""
    return _command("POST", f"{_task(task)}/snooze", wait, key, body=until, version=version)


def unsnooze(
    task: str, *, wait: float | None = None, key: str | None = None, version: int | None = None
) -> Call[Answer]:
    """Snooze a task no more."""
    return _command("POST", f"{_task(task)}/unsnooze", wait, key, version=version)


def reopen(
    task: str,
    *,
    wait: float | None = None,
    key: str | None = None,
    version: int | None = None,
    occurrence: str | None = None,
) -> Call[Answer]:
    """Open a completed task again; or take back all that was decided about an ``occurrence`` that is yet to come."""
    query = _given(occurrence=occurrence)
    return _command("POST", f"{_task(task)}/reopen", wait, key, version=version, query=query)


def delete(
    task: str,
    *,
    wait: float | None = None,
    key: str | None = None,
    version: int | None = None,
    scope: Scope | None = None,
    subtasks: Literal["delete"] | None = None,
    occurrence: str | None = None,
) -> Call[Answer]:
    """Delete a task; its sub-tasks stay unless ``subtasks`` is ``delete``.

    The open occurrence of a series ends it, but with the ``scope`` "this" the next one opens; with "all" the other
    occurrences are deleted, too. ``occurrence`` as in ``complete``.
    """
    query = _given(scope=scope, subtasks=subtasks, occurrence=occurrence)
    return _command("DELETE", _task(task), wait, key, version=version, query=query)


def restore(
    task: str, *, wait: float | None = None, key: str | None = None, version: int | None = None
) -> Call[Answer]:
    """Restore a deleted task."""
    return _command("POST", f"{_task(task)}/restore", wait, key, version=version)


def change_many(*, wait: float | None = None, key: str | None = None, **wanted: Unpack[NewBulk]) -> Call[Bulk]:
    """Do ``action`` to many tasks: those that match a ``filter``, or ``tasks``.

    It is answered immediately, as pending; or, with ``wait`` (seconds), when it has ended or the time is over.
    """
    return _command("POST", "/v1/bulks", wait, key, body=wanted)


def count_many(**wanted: Unpack[NewBulk]) -> Call[Count]:
    """Return the number of tasks that ``change_many`` would select."""
    return Call("POST", "/v1/bulks/count", wanted)


def bulk(bulk: str, *, wait: float | None = None) -> Call[Bulk]:
    """Return a bulk with its progress."""
    return Call("GET", f"/v1/bulks/{quote(bulk, safe='')}", headers=_waiting(wait))


def refusals(bulk: str, limit: int = PAGE) -> Listing[Refusal]:
    """Yield the tasks that a bulk left as they are, and why."""
    return _listing(f"/v1/bulks/{quote(bulk, safe='')}/refusals", limit)


def undo_command(command: str, *, wait: float | None = None, key: str | None = None) -> Call[Bulk]:
    """Undo a command's changes, except where they conflict with later ones; answered like ``change_many``."""
    return _command("POST", f"/v1/commands/{quote(command, safe='')}/undo", wait, key)


def undo_bulk(bulk: str, *, wait: float | None = None, key: str | None = None) -> Call[Bulk]:
    """Undo a bulk, task by task, as ``undo_command`` does."""
    return _command("POST", f"/v1/bulks/{quote(bulk, safe='')}/undo", wait, key)


def create_list(
    name: str, *, wait: float | None = None, key: str | None = None, **fields: Unpack[ListFields]
) -> Call[ListAnswer]:
    """Create a list with a name and other fields of the API. Two may have the same name."""
    return _command("POST", "/v1/lists", wait, key, body={"name": name, **fields})


def update_list(
    list_id: str,
    *,
    wait: float | None = None,
    key: str | None = None,
    version: int | None = None,
    **fields: Unpack[ListChanges],
) -> Call[ListAnswer]:
    """Set the given fields of a list; None clears one."""
    return _command("PATCH", _list(list_id), wait, key, body=fields, version=version)


def delete_list(
    list_id: str,
    *,
    wait: float | None = None,
    key: str | None = None,
    version: int | None = None,
    tasks: Literal["move", "delete"] | None = None,
) -> Call[ListAnswer]:
    """Delete an empty list; ``tasks`` first moves its tasks to the inbox, or deletes them."""
    return _command("DELETE", _list(list_id), wait, key, version=version, query=_given(tasks=tasks))


def restore_list(
    list_id: str, *, wait: float | None = None, key: str | None = None, version: int | None = None
) -> Call[ListAnswer]:
    """Restore a deleted list."""
    return _command("POST", f"{_list(list_id)}/restore", wait, key, version=version)


def show_list(list_id: str) -> Call[List]:
    """Return a list."""
    return Call("GET", _list(list_id))


def lists(limit: int = PAGE) -> Listing[List]:
    """Yield the lists in their order, without deleted ones."""
    return _listing("/v1/lists", limit)


def history_of_list(list_id: str, limit: int = PAGE) -> Listing[Entry]:
    """Yield a list's audit trail, oldest entry first."""
    return _listing(f"{_list(list_id)}/history", limit)


def create_filter(
    name: str,
    filter: str,  # noqa: A002 - the API's name
    *,
    wait: float | None = None,
    key: str | None = None,
    **fields: Unpack[FilterFields],
) -> Call[FilterAnswer]:
    """Save a filter under a name."""
    return _command("POST", "/v1/filters", wait, key, body={"name": name, "filter": filter, **fields})


def update_filter(
    filter_id: str,
    *,
    wait: float | None = None,
    key: str | None = None,
    version: int | None = None,
    **fields: Unpack[FilterChanges],
) -> Call[FilterAnswer]:
    """Set the given fields of a saved filter; None clears one."""
    return _command("PATCH", _filter(filter_id), wait, key, body=fields, version=version)


def delete_filter(
    filter_id: str, *, wait: float | None = None, key: str | None = None, version: int | None = None
) -> Call[FilterAnswer]:
    """Delete a saved filter."""
    return _command("DELETE", _filter(filter_id), wait, key, version=version)


def restore_filter(
    filter_id: str, *, wait: float | None = None, key: str | None = None, version: int | None = None
) -> Call[FilterAnswer]:
    """Restore a deleted saved filter."""
    return _command("POST", f"{_filter(filter_id)}/restore", wait, key, version=version)


def show_filter(filter_id: str) -> Call[SavedFilter]:
    """Return a saved filter."""
    return Call("GET", _filter(filter_id))


def filters(limit: int = PAGE) -> Listing[SavedFilter]:
    """Yield the saved filters in their order, without deleted ones."""
    return _listing("/v1/filters", limit)


def tasks_of_filter(filter_id: str, *, zone: str | None = None, limit: int = PAGE) -> Listing[ListedTask]:
    """Yield the tasks that match a saved filter, in its order; ``zone`` as for ``tasks``."""
    return _listing(f"{_filter(filter_id)}/tasks", limit, _given(zone=zone))


def history_of_filter(filter_id: str, limit: int = PAGE) -> Listing[Entry]:
    """Yield a saved filter's audit trail, oldest entry first."""
    return _listing(f"{_filter(filter_id)}/history", limit)


def create_target(
    name: str, address: str, *, wait: float | None = None, key: str | None = None, **fields: Unpack[TargetFields]
) -> Call[TargetAnswer]:
    """Create a target with a name, an address, and other fields of the API."""
    return _command("POST", "/v1/targets", wait, key, body={"name": name, "address": address, **fields})


def update_target(
    target: str,
    *,
    wait: float | None = None,
    key: str | None = None,
    version: int | None = None,
    **fields: Unpack[TargetChanges],
) -> Call[TargetAnswer]:
    """Set the given fields of a target; None clears one."""
    return _command("PATCH", _target(target), wait, key, body=fields, version=version)


def delete_target(
    target: str, *, wait: float | None = None, key: str | None = None, version: int | None = None
) -> Call[TargetAnswer]:
    """Delete a target, and its address."""
    return _command("DELETE", _target(target), wait, key, version=version)


def restore_target(
    target: str, *, wait: float | None = None, key: str | None = None, version: int | None = None
) -> Call[TargetAnswer]:
    """Restore a deleted target. It has no address until one is set."""
    return _command("POST", f"{_target(target)}/restore", wait, key, version=version)


def send_test_to_target(target: str) -> Call[TestResult]:
    """Send a test message to a target, and return how that went."""
    return Call("POST", f"{_target(target)}/test")


def show_target(target: str) -> Call[Target]:
    """Return a target."""
    return Call("GET", _target(target))


def targets(limit: int = PAGE) -> Listing[Target]:
    """Yield the targets in their order, without deleted ones."""
    return _listing("/v1/targets", limit)


def history_of_target(target: str, limit: int = PAGE) -> Listing[Entry]:
    """Yield a target's audit trail, oldest entry first."""
    return _listing(f"{_target(target)}/history", limit)


def web_push_key() -> Call[WebPushKey]:
    """Return the key that a browser subscribes with."""
    return Call("GET", "/v1/targets/web-push-key")


def tags(limit: int = PAGE) -> Listing[Tag]:
    """Yield the tags by name."""
    return _listing("/v1/tags", limit)


def show_tag(name: str) -> Call[Tag]:
    """Return a tag: its colour, and its number of open tasks."""
    return Call("GET", _tag(name))


def colour_tag(name: str, colour: str | None, *, wait: float | None = None, key: str | None = None) -> Call[TagAnswer]:
    """Set a tag's colour, as #rrggbb, or None."""
    return _command("PATCH", _tag(name), wait, key, body={"colour": colour})


def rename_tag(name: str, to: str, *, wait: float | None = None, key: str | None = None) -> Call[TagAnswer]:
    """Rename a tag on all its tasks; if ``to`` is a tag already, the two are merged."""
    return _command("POST", f"{_tag(name)}/rename", wait, key, body={"name": to})


def delete_tag(name: str, *, wait: float | None = None, key: str | None = None) -> Call[TagAnswer]:
    """Remove a tag from all its tasks."""
    return _command("DELETE", _tag(name), wait, key)


def command(command: str, *, wait: float | None = None) -> Call[Known]:
    """Return a command and its outcome."""
    return Call("GET", f"/v1/commands/{quote(command, safe='')}", headers=_waiting(wait))


def task(task: str, language: Language | None = None) -> Call[ReadTask]:
    """Return a task, with its rule in words in a language, by default in English."""
    return Call("GET", _task(task), query=_given(language=language))


def tasks(
    filter: str | None = None,  # noqa: A002 - the API's name
    *,
    q: str | None = None,
    sort: str | None = None,
    zone: str | None = None,
    limit: int = PAGE,
) -> Listing[ListedTask]:
    """Yield the tasks that match a filter, by default all but deleted ones; with ``q``, those with its words.

    They are sorted by keys such as ``due,-priority``, by default newest first, or best matches of ``q`` first. Days
    are those of ``zone``, an IANA name, by default UTC. ``limit`` is the size of pages.
    """
    return _listing("/v1/tasks", limit, _given(filter=filter, q=q, sort=sort, zone=zone))


def tasks_by_id(beginning: str, *, limit: int = 4) -> Call[TaskTitles]:
    """Return the tasks whose ids have a prefix, at most ``limit``; deleted ones come last."""
    return Call("GET", "/v1/tasks/ids", query={"beginning": beginning, "limit": limit})


def facets(
    filter: str | None = None,  # noqa: A002 - the API's name
    *,
    q: str | None = None,
    zone: str | None = None,
) -> Call[Facets]:
    """Return the number of tasks that match a filter and words: in total, and by their values."""
    return Call("GET", "/v1/tasks/facets", query=_given(filter=filter, q=q, zone=zone))


def occurrences(
    rule: str,
    start: str,
    *,
    zone: str | None = None,
    rdates: Sequence[str] = (),
    exdates: Sequence[str] = (),
    limit: int = 10,
    language: Language = "en",
) -> Call[Occurrences]:
    """Return the first ``limit`` occurrences of a rule (RFC 5545) from a day or local time on, with reasons in words.

    ``rdates`` are added and ``exdates`` left out, written as ``start`` is. Without a ``zone`` times are floating.
    """
    dates = {"rdate": ",".join(rdates) or None, "exdate": ",".join(exdates) or None}
    query = {"rule": rule, "start": start, "limit": limit, "language": language, **_given(zone=zone, **dates)}
    return Call("GET", "/v1/occurrences", query=query)


def history(task: str, limit: int = PAGE) -> Listing[Entry]:
    """Yield a task's audit trail, oldest entry first."""
    return _listing(f"{_task(task)}/history", limit)


def series(task: str, limit: int = PAGE) -> Listing[Task]:
    """Yield the occurrences of a task's series, deleted ones too, the latest first."""
    return _listing(f"{_task(task)}/series", limit)


def upcoming(
    task: str, *, since: str | None = None, until: str | None = None, limit: int = 10, language: Language | None = None
) -> Call[UpcomingOccurrences]:
    """Return the first ``limit`` occurrences after a series' open one, between two local days or times.

    Its rule in words is in a ``language``, en or de; by default in English.
    """
    given = _given(**{"from": since, "until": until, "language": language})
    query: dict[str, str | int] = {"limit": limit, **given}
    return Call("GET", f"{_task(task)}/occurrences", query=query)


def reminders(limit: int = PAGE) -> Listing[StandingReminder]:
    """Yield the reminders in the order of their instants."""
    return _listing("/v1/reminders", limit)


def notifications(limit: int = PAGE) -> Listing[Notification]:
    """Yield the notifications with the steps of their delivery, latest due first."""
    return _listing("/v1/notifications", limit)


@overload
def settled(answer: Answer) -> Task: ...
@overload
def settled(answer: ListAnswer) -> List: ...
@overload
def settled(answer: FilterAnswer) -> SavedFilter: ...
@overload
def settled(answer: SettingsAnswer) -> Settings: ...
@overload
def settled(answer: TargetAnswer) -> Target: ...
def settled(answer: Any) -> Any:
    """Return the entity of a command's answer, as of after the command. Raises ``Pending`` if it is not known yet."""
    command = answer["command"]
    known = next((about for word in Refs.__annotations__ if (about := answer.get(word))), None)
    if command["status"] == "pending" or known is None:
        raise Pending(command["id"], known.get("id", "") if known else "")
    return known


def settings() -> Call[Settings]:
    """Return your settings; those never set have their defaults."""
    return Call("GET", "/v1/settings")


def update_settings(
    *, wait: float | None = None, key: str | None = None, version: int | None = None, **changes: Unpack[SettingsChanges]
) -> Call[SettingsAnswer]:
    """Set the given settings; None restores a default."""
    return _command("PATCH", "/v1/settings", wait, key, body=changes, version=version)


def _task(task: str) -> str:
    return f"/v1/tasks/{quote(task, safe='')}"


def _tag(name: str) -> str:
    return f"/v1/tags/{quote(name, safe='')}"


def _filter(filter_id: str) -> str:
    return f"/v1/filters/{quote(filter_id, safe='')}"


def _target(target: str) -> str:
    return f"/v1/targets/{quote(target, safe='')}"


def _list(list_id: str) -> str:
    return f"/v1/lists/{quote(list_id, safe='')}"


def _command(
    method: str,
    path: str,
    wait: float | None,
    key: str | None,
    *,
    body: Mapping[str, Any] | None = None,
    version: int | None = None,
    query: Mapping[str, str | int] | None = None,
) -> Call[Any]:
    expected = {} if version is None else {"If-Match": f'"{version}"'}
    headers = {"Idempotency-Key": key or str(uuid4()), **_waiting(wait), **expected}
    return Call(method, path, body, query or {}, headers)


def _waiting(wait: float | None) -> dict[str, str]:
    return {} if wait is None else {"Prefer": f"wait={wait:.0f}"}


def _given(**asked: str | None) -> dict[str, str | int]:
    return {name: value for name, value in asked.items() if value is not None}


def _listing(path: str, limit: int, query: Mapping[str, str | int] | None = None) -> Listing[Any]:
    return Listing(Call("GET", path, query={"limit": limit, **(query or {})}))


class Methods:
    """The calls as methods of a client."""

    create = Sends(create)
    update = Sends(update)
    move = Sends(move)
    complete = Sends(complete)
    skip = Sends(skip)
    snooze = Sends(snooze)
    unsnooze = Sends(unsnooze)
    reopen = Sends(reopen)
    delete = Sends(delete)
    restore = Sends(restore)
    change_many = Sends(change_many)
    count_many = Sends(count_many)
    undo_command = Sends(undo_command)
    undo_bulk = Sends(undo_bulk)
    bulk = Sends(bulk)
    refusals = Lists(refusals)
    create_list = Sends(create_list)
    update_list = Sends(update_list)
    delete_list = Sends(delete_list)
    restore_list = Sends(restore_list)
    show_list = Sends(show_list)
    lists = Lists(lists)
    create_filter = Sends(create_filter)
    update_filter = Sends(update_filter)
    delete_filter = Sends(delete_filter)
    restore_filter = Sends(restore_filter)
    show_filter = Sends(show_filter)
    filters = Lists(filters)
    tasks_of_filter = Lists(tasks_of_filter)
    history_of_filter = Lists(history_of_filter)
    create_target = Sends(create_target)
    update_target = Sends(update_target)
    delete_target = Sends(delete_target)
    restore_target = Sends(restore_target)
    send_test_to_target = Sends(send_test_to_target)
    show_target = Sends(show_target)
    targets = Lists(targets)
    history_of_target = Lists(history_of_target)
    web_push_key = Sends(web_push_key)
    tags = Lists(tags)
    show_tag = Sends(show_tag)
    colour_tag = Sends(colour_tag)
    rename_tag = Sends(rename_tag)
    delete_tag = Sends(delete_tag)
    history_of_list = Lists(history_of_list)
    settings = Sends(settings)
    update_settings = Sends(update_settings)
    command = Sends(command)
    task = Sends(task)
    tasks_by_id = Sends(tasks_by_id)
    facets = Sends(facets)
    occurrences = Sends(occurrences)
    tasks = Lists(tasks)
    history = Lists(history)
    series = Lists(series)
    upcoming = Sends(upcoming)
    reminders = Lists(reminders)
    notifications = Lists(notifications)
