"""The chain tells every change, and shows every change of itself."""

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import to_builtins
from msgspec.structs import replace

from domain import audit, entities
from domain.entity import EntityType
from schemas import records as r
from tests.unit.domain.given import BERT, PARIS, WEEKDAYS, World, complete, create, delete, reopen, update

COMMANDS = (
    create(due=PARIS, rrule=WEEKDAYS, tags=("haus", "küche")),
    update(title='Gießen\n\x7f\u2028"\\'),
    complete(),
    reopen(),
    create("u"),
    delete(),
)


def chain(*commands):
    entries, head, before = [], None, {}
    for event in World(*commands).events:
        entries.append(audit.entry(head, before.get(event.task.id), event))
        head, before[event.task.id] = audit.head_after(entries[-1]), event.task
    return entries


CHAIN = chain(*COMMANDS)
TEXTS = [f for f in r.AuditEntry.__struct_fields__ if f not in {"at", "sequence", "changes"}]


def changes(*commands):
    return {change.field: (change.before, change.after) for change in chain(*commands)[-1].changes}


def test_a_change_is_reported_field_by_field():
    assert changes(create(), update(title="Feed", tags=("cat",))) == {
        "title": ('"Water the plants"', '"Feed"'), "tags": ("[]", '["cat"]'),
    }  # fmt: skip


def test_a_completion_is_reported():
    assert set(changes(create(), complete())) == {"status", "completed_at"}


def test_a_creation_tells_the_whole_task():
    told = changes(create(due=PARIS))
    assert told["due"] == ("null", '{"date":"2026-11-24","time":"09:00:00","zone":"Europe/Paris"}')


@pytest.mark.parametrize("of", entities.TYPES, ids=lambda of: of.word)
def test_an_entity_of_each_type_has_a_value_for_each_field_that_is_audited(of: EntityType[Any]):
    one = of.record(**{name: name for name in of.record.__struct_fields__})
    assert of.audited(one) == of.fields


def test_an_entry_tells_who_did_what_and_why():
    [event] = World(create()).events
    entry = audit.entry(None, None, event)
    assert (entry.id, entry.event, entry.actor, entry.command, entry.cause, entry.task) == (
        event.id, "TaskCreated", event.actor, event.command, None, "t",
    )  # fmt: skip


def test_a_chain_counts_from_one_after_zeros():
    assert (CHAIN[0].sequence, CHAIN[0].previous) == (1, "0" * 64)


def test_the_hash_can_be_computed_by_anyone():
    content = to_builtins(CHAIN[1])
    given_ = content.pop("hash")
    assert content.pop("subject") is None
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert sha256(text.encode()).hexdigest() == given_


def test_a_whole_chain_holds():
    assert audit.verify(CHAIN, audit.head_after(CHAIN[-1])) is None


def test_an_empty_chain_holds():
    assert audit.verify([]) is None


@given(st.integers(0, len(CHAIN) - 1), st.sampled_from(TEXTS), st.data())
def test_any_altered_character_is_found(index, field, data):
    old = getattr(CHAIN[index], field) or ""
    place = data.draw(st.integers(0, len(old)))
    new = old[:place] + data.draw(st.characters(codec="utf-8")) + old[place + 1 :]
    altered = [*CHAIN[:index], replace(CHAIN[index], **{field: new}), *CHAIN[index + 1 :]]
    assert (audit.verify(altered) is None) == (new == getattr(CHAIN[index], field))


@given(st.integers(0, len(CHAIN) - 1), st.sampled_from(("at", "sequence")), st.integers(0, 2**53))
def test_any_altered_number_is_found(index, field, value):
    altered = [*CHAIN[:index], replace(CHAIN[index], **{field: value}), *CHAIN[index + 1 :]]
    assert (audit.verify(altered) is None) == (value == getattr(CHAIN[index], field))


@given(st.data(), st.sampled_from(("field", "before", "after")))
def test_any_altered_change_is_found(data, part):
    index = data.draw(st.integers(0, len(CHAIN) - 1))
    place = data.draw(st.integers(0, len(CHAIN[index].changes) - 1))
    change = CHAIN[index].changes[place]
    other = replace(change, **{part: getattr(change, part) + "x"})
    told = (*CHAIN[index].changes[:place], other, *CHAIN[index].changes[place + 1 :])
    assert audit.verify([*CHAIN[:index], replace(CHAIN[index], changes=told)]).sequence == index + 1


@given(st.permutations(CHAIN))
def test_any_other_order_is_found(entries):
    assert (audit.verify(entries) is None) == (entries == CHAIN)


@pytest.mark.parametrize("index", range(len(CHAIN)))
def test_a_missing_entry_is_found_and_named(index):
    broken = audit.verify(CHAIN[:index] + CHAIN[index + 1 :], audit.head_after(CHAIN[-1]))
    assert broken.sequence == index + 1


def test_an_entry_that_was_altered_and_hashed_again_is_found_by_the_next():
    forged = replace(CHAIN[1], actor="nobody")
    forged = replace(forged, hash=audit.digest(forged))
    assert audit.verify([CHAIN[0], forged, *CHAIN[2:]]).entry == CHAIN[2].id


def test_an_end_that_was_cut_off_is_found_by_the_head():
    broken = audit.verify(CHAIN[:-1], audit.head_after(CHAIN[-1]))
    assert (broken.sequence, broken.entry) == (len(CHAIN), None)


def test_an_entry_of_another_user_is_found():
    foreign = replace(CHAIN[1], user=BERT)
    foreign = replace(foreign, hash=audit.digest(foreign))
    assert "another user" in audit.verify([CHAIN[0], foreign]).reason
