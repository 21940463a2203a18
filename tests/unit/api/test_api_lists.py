"""A page of any list is written without its model, and says what that would."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin

import msgspec
import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from api.app import create_app
from api.http.cursors import write
from api.models import histories
from api.models.entities import RESOURCES
from api.models.listings import TaskPage
from api.models.outputs import Page
from api.models.paging import listed
from postgres import reader, rows
from schemas import records as r
from tests.unit.api.test_api_operations import SETTINGS

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - it gets one
MILLISECONDS = st.integers(0, 10**13)
REMINDERS = st.fixed_dictionaries({"before": st.integers(0, 10**7), "at": st.none()}) | st.fixed_dictionaries(
    {"before": st.none(), "at": MILLISECONDS}
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "title": TEXTS,
    "rank": TEXTS,
    "tags": st.lists(TEXTS, max_size=2),
    "pinned": st.booleans(),
    "due": st.fixed_dictionaries({"date": TEXTS, "time": st.none() | TEXTS, "zone": st.none() | TEXTS}),
    "recurrence": st.fixed_dictionaries({"rrule": TEXTS, "version": st.integers(1, 9)}),
    "reminders": st.lists(REMINDERS, max_size=2),
    "status": st.sampled_from(["OPEN", "DELETED"]),
    "created_at": MILLISECONDS,
    "completed_at": MILLISECONDS,
}
"""Values of fields in the audit trail, by their names in records."""
SUBJECTS = st.sampled_from(["list:l", "filter:f", "tag:a/b \N{LATIN SMALL LETTER E WITH ACUTE}"])


def changes() -> st.SearchStrategy[r.FieldChange]:
    """A change of a field."""

    def of(name: str) -> st.SearchStrategy[r.FieldChange]:
        written = (st.none() | VALUES[name]).map(json.dumps)
        return st.builds(r.FieldChange, st.just(name), written, written)

    return st.sampled_from([*VALUES]).flatmap(of)


def values(of: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type."""
    if of is r.FieldChange:
        return changes()
    if of is r.Reminder:
        return st.builds(lambda id_, fields: r.Reminder(id_, **fields), TEXTS, REMINDERS)
    if isinstance(of, type) and issubclass(of, msgspec.Struct):
        return structs(of)
    if isinstance(of, type) and issubclass(of, Enum):
        return st.sampled_from(of)
    if get_origin(of) is tuple:
        return st.lists(values(get_args(of)[0]), min_size=1, max_size=2).map(tuple)
    if get_args(of):
        return st.one_of(*map(values, get_args(of)))
    return {str: TEXTS, int: st.integers(0, 2**62), bool: st.booleans(), datetime: INSTANTS, NoneType: st.none()}[of]


def structs(of: type[Any], **fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Rows of the views."""
    fields = {each.name: each.type for each in msgspec.structs.fields(of)}
    return st.builds(of, **{name: fixed[name] if name in fixed else values(kind) for name, kind in fields.items()})


def of_task_or_other(of: type[Any], **fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Rows that name a task, or another entity as their subject."""
    task = structs(of, task=TEXTS, subject=st.none(), **fixed)
    return task | structs(of, task=st.just("") if of is r.Refusal else st.none(), subject=SUBJECTS, **fixed)


LED_TO = of_task_or_other(reader.Outcome)
LISTS: dict[Any, tuple[Callable[[Any], dict[str, Any]], st.SearchStrategy[Any]]] = {
    **{one.model: (one.members, structs(one.table.item)) for one in RESOURCES if one.of.key != "user"},
    histories.Entry: (
        lambda both: histories.entry_members(*both),
        st.tuples(of_task_or_other(reader.Entry), st.none() | LED_TO),
    ),
    histories.StandingReminder: (histories.reminder_members, structs(reader.Reminder)),
    histories.Notification: (
        histories.notification_members,
        structs(reader.Delivery, digest=st.none() | st.dates().map(str)),
    ),
    histories.Refusal: (
        histories.refusal_members,
        structs(rows.RefusedTask, refusal=of_task_or_other(r.Refusal)),
    ),
}
"""What shows an item of a list, and the rows of the views that it is shown from, by its model."""


def test_every_list_of_the_api_is_among_these():
    models = {
        context.original_route.response_model
        for context in iter_route_contexts(create_app(SETTINGS).routes)
        if isinstance(context.original_route, APIRoute)
    }
    pages = {each for each in models if getattr(each, "__name__", "").startswith("Page[")}
    assert pages | {TaskPage} == {Page[item] for item in LISTS} | {TaskPage}
    assert TaskPage in models


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model.__name__)
@given(data=st.data())
def test_a_page_of_a_list_is_written_as_its_model_would_be(model: Any, data: st.DataObject):
    members, items = LISTS[model]
    page = rows.Page(tuple(data.draw(st.lists(items, max_size=2))), data.draw(st.none() | TEXTS))
    written = bytes(listed("things", members, page).body)
    documented = TypeAdapter(Page[model])
    shown = [model.model_validate(members(item)) for item in page.items]
    assert written == documented.dump_json(Page[model](items=shown, next=write("things", page.next)))
    assert written == documented.dump_json(documented.validate_json(written))


@given(of_task_or_other(reader.Entry))
def test_an_entry_of_the_audit_trail_shows_what_its_record_has(entry: reader.Entry):
    shown = histories.entry_members(entry)
    for name in ("id", "at", "sequence", "actor", "command", "cause", "event", "previous", "hash"):
        assert shown[name] == getattr(entry, name)
    about = {name: shown[name] for name in ("task", "list", "filter", "tag") if shown[name] is not None}
    assert about == ({"task": entry.task} if entry.subject is None else dict([entry.subject.split(":", 1)]))
