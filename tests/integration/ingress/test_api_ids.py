"""Tasks are found by the beginning of their ids, over HTTP."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from schemas import records as r
from tests.integration.ingress.standin import StandIn, User
from tests.integration.ingress.test_api_finding import a_task, put

ID = "6a1a3f5e-3b0f-5b7a-8a53-9f1f3f0f7c21"


async def found(user: User, beginning: str, **parameters: int) -> tuple[list[str], bool]:
    answer = await user.http.get("/v1/tasks/ids", params={"beginning": beginning, **parameters})
    assert answer.status_code == 200, answer.text
    return [task["title"] for task in answer.json()["items"]], answer.json()["more"]


async def test_a_task_is_found_by_any_beginning_of_its_id(user: User, stages: StandIn) -> None:
    other = replace(a_task(user, "other"), id=ID.replace("3b0f", "3b10"))
    await put(stages, replace(a_task(user, "one"), id=ID), other)
    assert await found(user, "6A1A3f5E-3b0") == (["one"], False)
    for length in range(1, len(ID) + 1):
        titles, more = await found(user, ID[:length])
        assert (titles, more) == (["one"] if length > 11 else ["one", "other"], False)
    assert await found(user, "6a1a", limit=1) == (["one"], True)
    assert await found(user, "6a1b") == ([], False)


async def test_the_deleted_come_last_and_nobody_elses_at_all(
    user: User, new_user: Callable[[], User], stages: StandIn
) -> None:
    deleted = replace(a_task(user, "deleted"), id="5b0e0000-0000-4000-8000-000000000000", status=r.Status.DELETED)
    stranger = new_user()
    strange = replace(a_task(stranger, "strange"), id="5b0e1111-0000-4000-8000-000000000000")
    await put(stages, deleted, replace(a_task(user, "one"), id="5b0effff-0000-4000-8000-000000000000"), strange)
    assert await found(user, "5b0e") == (["one", "deleted"], False)
    answer = (await user.http.get("/v1/tasks/ids", params={"beginning": "5b0e0"})).json()
    assert [task["status"] for task in answer["items"]] == ["deleted"]


@pytest.mark.parametrize("beginning", ["", "milk", "6a1a3f5e3", "6a1a-", f"{ID}0", "6a1a%", "6à"])
async def test_what_begins_no_id_is_refused(user: User, beginning: str) -> None:
    answer = await user.http.get("/v1/tasks/ids", params={"beginning": beginning})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "beginning")
