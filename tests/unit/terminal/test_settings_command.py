"""`rondo settings`, and the zone that `rondo add` and `rondo edit` set where there is none."""

import pytest

from api.models.user_settings import SETTINGS
from tests.unit.client.scripted import Says, Scripted, refusal
from tests.unit.client.tasks import ACCEPTED, BULK, TASK
from tests.unit.typed import Type

ID = TASK["id"]
PARIS = Says(200, SETTINGS.example)
NO_ZONE = Says(200, SETTINGS.example | {"zone": None})
CHANGED = Says(200, {"command": ACCEPTED["command"], "settings": SETTINGS.example})


def test_the_settings_are_printed_as_they_are_typed(typed: Type):
    with Scripted(PARIS) as api:
        _, out, _ = typed("settings", api=api.url)
    assert out.splitlines() == [
        "zone: Europe/Paris",
        "day-time: 09:00:00",
        "quiet: 22:00:00-07:00:00",
        "in-quiet-hours: postpone",
        "catch-up: each",
        "digest: 07:30:00",
        "language: de",
    ]


def test_only_the_typed_settings_are_changed(typed: Type):
    with Scripted(CHANGED) as api:
        typed("settings", "--quiet", "22:00-07:00", "--clear", "zone", "--catch-up", "latest", api=api.url)
    assert api.asked[0].method == "PATCH"
    assert api.asked[0].body == {"quiet_from": "22:00", "quiet_to": "07:00", "zone": None, "catch_up": "latest"}


@pytest.mark.parametrize(
    "words", [("--quiet", "22:00"), ("--quiet", "22:00-07:00", "--clear", "quiet"), ("--catch-up", "all")], ids=str
)
def test_what_is_no_setting_is_refused_in_one_line(typed: Type, words: tuple[str, ...]):
    status, out, err = typed("settings", *words, api="http://127.0.0.1:1")
    assert (status, out, len(err.splitlines())) == (2, "", 1)


@pytest.mark.parametrize(
    "fields",
    [
        ("--due", "2026-12-01"),
        ("--due", "2026-12-01T09:00", "--repeat", "daily"),
        ("--due", "2026-12-01T09:00", "--remind", "15m"),
    ],
    ids=str,
)
def test_a_task_of_days_sets_the_zone_of_this_machine_once(
    typed: Type, fields: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    with Scripted(NO_ZONE, CHANGED, Says(201, ACCEPTED), PARIS, Says(201, ACCEPTED)) as api:
        first, second = (typed("add", "milk", *fields, api=api.url) for _ in range(2))
    assert [asked.method for asked in api.asked] == ["GET", "PATCH", "POST", "GET", "POST"]
    assert api.asked[1].body == {"zone": "Asia/Kathmandu"}
    assert "Asia/Kathmandu" in first[2]
    assert second[2] == ""


@pytest.mark.parametrize(
    "words", [("add", "milk"), ("edit", ID, "--json"), ("bulk", "edit", ID)], ids=["add", "edit", "bulk edit"]
)
def test_a_refused_command_leaves_the_zone_as_it_was(typed: Type, words: tuple[str, ...]):
    undone = Says(200, {"id": ID, "status": "done", "tasks": 1, "changed": 1})
    with Scripted(NO_ZONE, CHANGED, refusal("validation", 422), undone) as api:
        status, _, err = typed(*words, "--due", "2026-12-01", "--repeat", "FREQ=YEARLY;BYMONTHDAY=30", api=api.url)
    assert [asked.method for asked in api.asked] == ["GET", "PATCH", api.asked[2].method, "POST"]
    assert api.asked[3].path == f"/v1/commands/{ACCEPTED['command']['id']}/undo"
    assert (status, "zone" in err) == (2, False)


def test_a_bulk_of_no_task_leaves_the_zone_as_it_was(typed: Type):
    undone = Says(200, {"id": ID, "status": "done", "tasks": 1, "changed": 1})
    nothing = Says(200, BULK | {"tasks": 0, "chunks": 1, "decided": 1, "changed": 0, "refused": 0})
    with Scripted(NO_ZONE, CHANGED, nothing, undone) as api:
        words = ("--filter", "#nothing", "--due", "2026-12-01", "--yes")
        status, out, err = typed("bulk", "edit", *words, api=api.url)
    assert [asked.method for asked in api.asked] == ["GET", "PATCH", "POST", "POST"]
    assert api.asked[3].path == f"/v1/commands/{ACCEPTED['command']['id']}/undo"
    assert (status, out, err) == (0, "No tasks found.\n", "")


def test_a_task_that_no_zone_moves_sets_none(typed: Type):
    with Scripted(Says(201, ACCEPTED), Says(201, ACCEPTED)) as api:
        typed("add", "milk", "--due", "2026-12-01 9:00", api=api.url)
        typed("add", "milk", "--due", "2026-12-01 9:00", "--zone", "UTC", "--remind", "15m", api=api.url)
    assert [asked.method for asked in api.asked] == ["POST", "POST"]


def test_a_machine_without_a_zone_sets_none(typed: Type, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "Nowhere/At-All")
    with Scripted(NO_ZONE, Says(201, ACCEPTED)) as api:
        typed("add", "milk", "--repeat", "daily", api=api.url)
    assert [asked.method for asked in api.asked] == ["GET", "POST"]
