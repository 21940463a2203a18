"""No zone that is typed gets lost: it is in the request, or the command says why it can't be."""

import json
from itertools import product
from typing import Any

import click
import pytest

from rondo.commands import fields
from tests.unit.client.scripted import Asked, Says, Scripted, refusal
from tests.unit.client.tasks import ACCEPTED, TASK
from tests.unit.terminal.commands import ID, commands
from tests.unit.test_cli import page
from tests.unit.typed import Type

KATHMANDU = "Asia/Kathmandu"
DAYS = (None, "tomorrow", "2026-12-01", "fri 9:00", "20:00", "in 2 hours", "2026-12-01T09:00Z")
MOMENTS = ((), ("15m",), ("fri 9:00",), ("2026-12-01T09:00Z",), ("15m", "fri 9:00"))
NOTHING = dict.fromkeys((*fields.OPTION_FIELDS, "pinned")) | {"tag": (), "rdate": (), "exdate": ()}


def told(**typed: Any) -> dict[str, Any]:
    """What `--json` and these options say."""
    return NOTHING | {"remind": ()} | typed


TIMELESS = {None, "tomorrow", "2026-12-01"}


@pytest.mark.parametrize(("due", "start"), [*product(DAYS, DAYS)], ids=str)
def test_a_zone_that_is_typed_is_that_of_something_or_refused(due: str | None, start: str | None) -> None:
    for remind in MOMENTS:
        typed = told(due=due, start=start, remind=remind, zone=KATHMANDU)
        changed = json.dumps(fields.written(typed, whole=False))
        assert KATHMANDU in changed or "+05:45" in changed
        if {due, start} <= TIMELESS and "fri 9:00" not in remind:
            with pytest.raises(click.UsageError, match="--zone needs a time: write one"):
                fields.written(typed)
        else:
            new = json.dumps(fields.written(typed))
            assert KATHMANDU in new or "+05:45" in new


def options_of_zones() -> list[tuple[tuple[str, ...], str]]:
    """Every command that takes a zone, and the option."""
    return [
        (path, max(param.opts, key=len))
        for path, command in commands()
        for param in command.params
        if param.type.name == "zone" and isinstance(param, click.Option)
    ]


AS_TYPED = {
    ("list",): ((), page()),
    ("search",): (("milk",), page()),
    ("add",): (("milk", "--due", "tomorrow 9:00"), Says(201, ACCEPTED)),
    ("edit",): ((ID, "--json"), Says(200, ACCEPTED)),
    ("settings",): (("--json",), Says(200, {"command": ACCEPTED["command"], "settings": {"user": "u"}})),
    **{
        ("bulk", name): (("--filter", "open", "--yes"), refusal("validation", 422))
        for name in ("complete", "reopen", "delete", "restore")
    },
    ("bulk", "edit"): (("--filter", "open", "--yes", "--pin"), refusal("validation", 422)),
}


def said(asked: Asked) -> str:
    return f"{asked.path.replace('%2F', '/')} {json.dumps(asked.body)}"


@pytest.mark.parametrize(("path", "option"), options_of_zones(), ids=str)
def test_every_command_that_takes_a_zone_sends_it(typed: Type, path: tuple[str, ...], option: str) -> None:
    words, says = AS_TYPED[path]
    with Scripted(says) as api:
        typed(*path, *words, option, KATHMANDU, api=api.url)
    assert KATHMANDU in said(api.asked[0])


@pytest.mark.parametrize("name", ["complete", "reopen", "delete", "restore", "edit"])
def test_the_days_of_a_filter_go_with_a_filter(typed: Type, name: str) -> None:
    words = ("--pin",) if name == "edit" else ()
    status, out, err = typed("bulk", name, ID, "--days-in", KATHMANDU, *words, api="http://127.0.0.1:1")
    assert (status, out, err.startswith("--days-in is the time zone of a --filter")) == (2, "", True)


@pytest.mark.parametrize(
    ("words", "due"),
    [
        ((), {"zone": KATHMANDU}),
        (("--due", "2026-12-01"), {"date": "2026-12-01", "zone": KATHMANDU}),
        (("--due", "20:00"), {"time": "20:00", "zone": KATHMANDU}),
        (("--remind", "15m"), {"zone": KATHMANDU}),
    ],
    ids=str,
)
def test_a_zone_moves_the_time_that_a_task_has(typed: Type, words: tuple[str, ...], due: dict[str, str]) -> None:
    with Scripted(Says(200, ACCEPTED), refusal("validation", 422)) as api:
        typed("edit", ID, "--zone", KATHMANDU, *words, "--json", api=api.url)
        typed("bulk", "edit", ID, "--zone", KATHMANDU, *words, api=api.url)
    assert (api.asked[-2].body["due"], api.asked[-1].body["changes"]["due"]) == (due, due)


@pytest.mark.parametrize("field", ["zone", "date"])
def test_a_task_that_has_no_time_says_so_in_words_of_the_terminal(typed: Type, field: str) -> None:
    detail = "A time zone needs a time; give due.time too or leave due.zone out."
    errors = [{"field": f"due.{field}", "detail": detail}]
    body = {"type": "/problems/validation", "status": 422, "detail": detail, "errors": errors}
    with Scripted(Says(200, TASK), Says(422, body, "application/problem+json")) as api:
        _, _, err = typed("edit", ID, "--zone", KATHMANDU, api=api.url)
    option = "--zone" if field == "zone" else "--due"
    assert f"{option}: A time zone needs a time; give a time in --due too or leave --zone out." in err


@pytest.mark.parametrize("cleared", ["due", "due-time"])
@pytest.mark.parametrize("words", [("edit", ID), ("bulk", "edit", ID)], ids=str)
def test_a_zone_is_not_set_and_cleared(typed: Type, cleared: str, words: tuple[str, ...]) -> None:
    status, _, err = typed(*words, "--zone", KATHMANDU, "--clear", cleared, api="http://127.0.0.1:1")
    assert (status, f"--zone sets what --clear {cleared} clears" in err) == (2, True)
