"""A reminder goes to each enabled target of its user, by a delivery of its own."""

from functools import reduce

import pytest

from domain import recipients
from domain.targets import TARGET
from schemas import records as r
from tests.unit.domain.given import NOON, World, due_reminder, lived, sent


def after(*commands):
    return reduce(recipients.follow, World(*commands).events, None)


def create(target, enabled=True):
    return r.CreateTarget(**sent(), target=target, fields=r.TargetFields("Phone", "ntfy", "address", enabled))


def disable(target):
    return r.UpdateTarget(**sent(), target=target, changed=("enabled",), fields=r.TargetFields(enabled=False))


def test_a_user_without_targets_has_the_channel_of_the_settings():
    assert recipients.addressed(after(), due_reminder()).recipients is None
    assert recipients.addressed(after(*(lived(TARGET)[name] for name in ("create", "delete"))), due_reminder()) == (
        due_reminder()
    )


def test_a_reminder_goes_to_each_enabled_target_in_the_order_of_their_creation():
    due = recipients.addressed(after(create("a"), create("b"), create("c"), disable("b")), due_reminder())
    assert [(each.target, each.kind) for each in due.recipients.targets] == [("a", "ntfy"), ("c", "ntfy")]


def test_a_reminder_of_a_user_whose_targets_are_all_disabled_goes_nowhere():
    due = recipients.addressed(after(create("a", enabled=False)), due_reminder())
    assert due.recipients == r.Recipients(())
    assert recipients.deliveries(due) == ()


def test_each_delivery_has_an_id_of_its_own_that_is_always_the_same():
    due = recipients.addressed(after(create("a"), create("b")), due_reminder())
    one, other = recipients.deliveries(due)
    assert len({one.id, other.id, due.id}) == 3
    assert recipients.deliveries(recipients.addressed(after(create("b")), due_reminder(NOON)))[0].id == other.id


@pytest.mark.parametrize(
    ("fields", "is_corrected"),
    [({"address": "b"}, True), ({"enabled": True}, True), ({"name": "Other"}, False), ({"rank": "V"}, False)],
    ids=str,
)
def test_a_target_is_corrected_by_another_address_or_by_being_enabled(fields, is_corrected):
    change = r.UpdateTarget(**sent(), target="a", changed=tuple(fields), fields=r.TargetFields(**fields))
    event = World(create("a", enabled="enabled" not in fields), change).events[-1]
    known = r.TargetCorrected(event.id, event.user, event.at, event.command, "a", 2)
    assert recipients.corrected(event) == (known if is_corrected else None)


def test_a_target_that_stays_disabled_is_not_corrected():
    change = r.UpdateTarget(**sent(), target="a", changed=("address",), fields=r.TargetFields(address="b"))
    assert recipients.corrected(World(create("a", enabled=False), change).events[-1]) is None


def test_a_reminder_goes_to_the_first_twenty_targets_though_more_were_added_at_the_same_moment():
    due = recipients.addressed(after(*(create(f"target {number}") for number in range(21))), due_reminder())
    assert [each.target for each in due.recipients.targets] == [f"target {number}" for number in range(20)]
