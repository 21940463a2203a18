"""A task is moved in its user's own order, over HTTP."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.ingress.standin import StandIn, User
from tests.integration.ingress.test_api_bulks import created
from tests.integration.ingress.test_api_commands import WAIT
from tests.integration.ingress.test_api_finding import titles

OTHER = "7b29c0de-0000-5000-8000-000000000000"


async def moved(user: User, task: str, headers: dict[str, str] | None = None, **place: Any) -> httpx.Response:
    return await user.http.post(f"/v1/tasks/{task}/move", json=place, headers=WAIT | (headers or {}))


async def outcome(user: User, task: str, **place: Any) -> str:
    answer = await moved(user, task, **place)
    assert answer.status_code == 200, answer.text
    return answer.json()["command"]["status"]


async def order(user: User, **parameters: str) -> str:
    return "".join(await titles(user, sort="order", **parameters))


async def test_a_task_is_moved_beside_another_to_the_top_and_to_the_bottom(user: User, stages: StandIn) -> None:
    a, b, c, d = await created(user, "a", "b", "c", "d")
    assert await order(user) == "abcd"
    assert await outcome(user, d, before=b) == "accepted"
    assert await order(user) == "adbc"
    assert await outcome(user, a, after=b) == "accepted"
    assert await order(user) == "dbac"
    assert await outcome(user, c, to="top") == "accepted"
    assert await outcome(user, d, to="bottom") == "accepted"
    assert await order(user) == "cbad"


async def test_there_is_one_order_of_all_tasks_and_lists_show_a_part_of_it(user: User, stages: StandIn) -> None:
    list_ = (await user.http.post("/v1/lists", json={"name": "Work"}, headers=WAIT)).json()["list"]["id"]
    [a] = await created(user, "a", list=list_)
    [b] = await created(user, "b")
    [c] = await created(user, "c", list=list_)
    await moved(user, c, before=a)
    assert (await order(user), await order(user, filter="list = Work")) == ("cab", "ca")
    await moved(user, b, before=a)
    assert await order(user) == "cba"


async def test_a_task_that_stands_there_already_is_left_as_it_is(user: User, stages: StandIn) -> None:
    a, b, c = await created(user, "a", "b", "c")
    assert await outcome(user, b, after=a) == "nothing-to-do"
    assert await outcome(user, b, before=c) == "nothing-to-do"
    assert await outcome(user, a, to="top") == "nothing-to-do"
    assert await outcome(user, c, to="bottom") == "nothing-to-do"
    await moved(user, c, to="top")
    assert await outcome(user, c, before=a) == "nothing-to-do"


async def test_what_is_completed_is_not_beside_it(user: User, stages: StandIn) -> None:
    a, b, c = await created(user, "a", "b", "c")
    await user.http.post(f"/v1/tasks/{a}/complete", headers=WAIT)
    assert await outcome(user, b, to="top") == "nothing-to-do"
    await moved(user, c, after=a)
    assert await order(user) == "acb"


async def test_tasks_of_one_order_stay_together(user: User, stages: StandIn) -> None:
    twins = await created(user, "a", "a", order="V")
    [one] = await created(user, "b", order="W")
    assert await outcome(user, one, before=twins[0]) == "accepted"
    assert await order(user) == "baa"
    assert await outcome(user, one, after=twins[0]) == "accepted"
    assert await order(user) == "aab"


async def test_a_move_beside_what_is_not_there_is_refused_with_the_field(user: User, stages: StandIn) -> None:
    a, b = await created(user, "a", "b")
    await user.http.delete(f"/v1/tasks/{b}", headers=WAIT)
    for place in ({"before": b}, {"after": str(uuid4())}, {"before": a}):
        answer = await moved(user, a, **place)
        assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, [*place])


@pytest.mark.parametrize(
    "place", [{}, {"before": None}, {"to": "left"}, {"to": "top", "before": OTHER}, {"after": "x"}], ids=str
)
async def test_a_move_says_exactly_one_place(user: User, place: dict[str, Any]) -> None:
    assert (await moved(user, str(uuid4()), **place)).status_code == 422


async def test_a_place_without_room_is_refused(user: User, stages: StandIn) -> None:
    [low] = await created(user, "a", order="V" * 255)
    await created(user, "b", order="V" * 254 + "W")
    [c] = await created(user, "c")
    answer = await moved(user, c, after=low)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "after")


async def test_only_a_task_that_stands_is_moved_in_the_version_that_was_read(user: User, stages: StandIn) -> None:
    a, b = await created(user, "a", "b")
    assert (await moved(user, str(uuid4()), before=a)).status_code == 404
    assert (await moved(user, b, {"If-Match": '"2"'}, before=a)).status_code == 412
    assert await order(user) == "ab"


async def test_a_move_under_the_same_key_is_carried_out_once(user: User, stages: StandIn) -> None:
    a, b = await created(user, "a", "b")
    first = await moved(user, b, {"Idempotency-Key": "one"}, before=a)
    await user.http.delete(f"/v1/tasks/{a}", headers=WAIT)
    again = await moved(user, b, {"Idempotency-Key": "one"}, before=a)
    assert again.status_code == 200
    assert again.json()["command"] == first.json()["command"]
    assert (await moved(user, b, {"Idempotency-Key": "one"}, to="top")).status_code == 422


async def test_a_move_is_undone(user: User, stages: StandIn) -> None:
    a, b = await created(user, "a", "b")
    command = (await moved(user, b, before=a)).json()["command"]["id"]
    assert await order(user) == "ba"
    await user.http.post(f"/v1/commands/{command}/undo", headers=WAIT)
    assert await order(user) == "ab"
