"""Lists over HTTP: as tasks are, commands with an outcome; and tasks on them."""

from collections.abc import Callable

import httpx
import pytest

from tests.integration.ingress.standin import User

pytestmark = pytest.mark.usefixtures("stages")
WAIT = {"Prefer": "wait=20"}


async def created(user: User, **fields: object) -> httpx.Response:
    return await user.http.post("/v1/lists", json={"name": "Errands", **fields}, headers=WAIT)


async def task_on(user: User, list_id: str) -> str:
    answer = await user.http.post("/v1/tasks", json={"title": "Buy milk", "list": list_id}, headers=WAIT)
    return str(answer.json()["task"]["href"])


async def test_a_list_that_was_created_stands_with_its_fields(user: User) -> None:
    answer = await created(user, colour="#1E90FF", order="V")
    shown = answer.json()["list"]

    assert (answer.status_code, answer.headers["location"], answer.headers["etag"]) == (201, shown["href"], '"1.0"')
    assert (shown["name"], shown["colour"], shown["order"], shown["open"]) == ("Errands", "#1e90ff", "V", 0)
    assert (await user.http.get(shown["href"])).json() == shown


async def test_a_list_is_known_before_it_stands(user: User) -> None:
    answer = await user.http.post("/v1/lists", json={"name": "Errands"})
    command = answer.json()["command"]

    known = (await user.http.get(command["href"], headers=WAIT)).json()

    assert (answer.status_code, known["status"]) == (202, "accepted")
    assert (known["list"], known["task"]) == (answer.json()["list"], None)


async def test_lists_are_in_their_order_page_by_page_without_the_deleted(user: User) -> None:
    for name, order in (("Last", "z"), ("First", "a"), ("Gone", "c"), ("Middle", "b")):
        href = (await created(user, name=name, order=order)).json()["list"]["href"]
        if name == "Gone":
            await user.http.delete(href, headers=WAIT)

    first = (await user.http.get("/v1/lists?limit=2")).json()
    rest = (await user.http.get("/v1/lists", params={"cursor": first["next"]})).json()

    assert [one["name"] for one in (*first["items"], *rest["items"])] == ["First", "Middle", "Last"]
    assert rest["next"] is None


async def test_a_change_names_its_version(user: User) -> None:
    href = (await created(user)).json()["list"]["href"]
    first = await user.http.patch(href, json={"name": "Town"}, headers={**WAIT, "If-Match": '"1"'})
    second = await user.http.patch(href, json={"name": "Garden"}, headers={**WAIT, "If-Match": '"1"'})

    assert (first.status_code, first.json()["list"]["name"], first.headers["etag"]) == (200, "Town", '"2.0"')
    assert (second.status_code, second.json()["code"]) == (412, "version")


async def test_a_list_counts_its_open_tasks(user: User) -> None:
    one = (await created(user)).json()["list"]
    await user.http.post(await task_on(user, one["id"]) + "/complete", headers=WAIT)
    await task_on(user, one["id"])

    assert (await user.http.get(one["href"])).json()["open"] == 1


async def test_a_list_with_a_task_is_not_deleted_and_an_empty_one_is(user: User) -> None:
    one = (await created(user)).json()["list"]
    task = await task_on(user, one["id"])

    refused = await user.http.delete(one["href"], headers=WAIT)
    moved = await user.http.patch(task, json={"list": None}, headers=WAIT)
    deleted = await user.http.delete(one["href"], headers=WAIT)

    assert (refused.status_code, refused.json()["code"]) == (409, "not-empty")
    assert moved.json()["task"]["list"] is None
    assert (deleted.status_code, deleted.json()["list"]["deleted"]) == (200, True)


async def test_a_list_that_does_not_stand_is_refused_by_the_name_of_the_field(user: User) -> None:
    elsewhere = "6a1a3f5e-3b0f-5b7a-8a53-9f1f3f0f7c21"
    answer = await user.http.post("/v1/tasks", json={"title": "Buy milk", "list": elsewhere}, headers=WAIT)

    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, ["list"])


@pytest.mark.parametrize(
    ("body", "field"),
    [({"name": " "}, "name"), ({"name": "A", "colour": "blue"}, "colour"), ({"name": "A", "order": "0"}, "order")],
)
async def test_what_a_list_can_not_be_is_refused_by_the_name_of_the_field(user: User, body: dict, field: str) -> None:
    answer = await user.http.post("/v1/lists", json=body)

    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])


async def test_what_happened_to_a_list_is_its_history(user: User) -> None:
    one = (await created(user)).json()["list"]
    await user.http.patch(one["href"], json={"name": "Town"}, headers=WAIT)

    entries = (await user.http.get(one["href"] + "/history")).json()["items"]

    assert [(entry["event"], entry["list"], entry["task"]) for entry in entries] == [
        ("ListCreated", one["id"], None),
        ("ListUpdated", one["id"], None),
    ]
    assert entries[1]["changes"] == [{"field": "name", "before": "Errands", "after": "Town"}]


async def test_another_users_list_can_not_be_seen(user: User, new_user: Callable[[], User]) -> None:
    other = new_user()
    href = (await created(user)).json()["list"]["href"]

    assert (await other.http.get(href)).status_code == 404
    assert (await other.http.get("/v1/lists")).json()["items"] == []
    assert (await other.http.delete(href, headers=WAIT)).status_code == 404


async def test_a_list_is_deleted_with_what_is_on_it_moved_to_the_inbox(user: User) -> None:
    href = (await created(user)).json()["list"]["href"]
    task = await task_on(user, href.rpartition("/")[2])

    answer = await user.http.delete(href, params={"tasks": "move"}, headers=WAIT)

    assert (answer.status_code, answer.json()["list"]["deleted"]) == (200, True)
    assert (await user.http.get(task)).json() | {"list": None, "status": "open"} == (await user.http.get(task)).json()


async def test_a_list_is_deleted_with_what_is_on_it(user: User) -> None:
    href = (await created(user)).json()["list"]["href"]
    task = await task_on(user, href.rpartition("/")[2])

    answer = await user.http.delete(href, params={"tasks": "delete"}, headers=WAIT)

    assert (answer.status_code, answer.json()["list"]["deleted"]) == (200, True)
    assert (await user.http.get(task)).json()["status"] == "deleted"


async def test_a_list_in_another_version_keeps_its_tasks(user: User) -> None:
    href = (await created(user)).json()["list"]["href"]
    task = await task_on(user, href.rpartition("/")[2])

    answer = await user.http.delete(href, params={"tasks": "delete"}, headers={**WAIT, "If-Match": '"7"'})

    assert answer.status_code == 412
    assert (await user.http.get(task)).json()["status"] == "open"


async def test_a_key_that_stands_for_deleting_a_list_does_not_stand_for_deleting_its_tasks(user: User) -> None:
    href = (await created(user)).json()["list"]["href"]
    await task_on(user, href.rpartition("/")[2])
    headers = {**WAIT, "Idempotency-Key": "away with it"}
    assert (await user.http.delete(href, headers=headers)).json()["code"] == "not-empty"
    answer = await user.http.delete(href, params={"tasks": "delete"}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/idempotency-key-reused")


async def test_a_deleted_list_is_brought_back_as_it_was(user: User) -> None:
    made = (await created(user, colour="#1e90ff")).json()["list"]
    await user.http.delete(made["href"], headers=WAIT)
    restored = await user.http.post(f"{made['href']}/restore", headers=WAIT)
    assert (restored.status_code, restored.json()["list"]["deleted"], restored.json()["list"]["version"]) == (
        200, False, 3,
    )  # fmt: skip


async def test_a_task_that_was_just_moved_elsewhere_is_not_deleted_with_its_list(user: User) -> None:
    here, there = [(await created(user, name=name)).json()["list"] for name in ("Here", "There")]
    stays, goes = await task_on(user, here["id"]), await task_on(user, here["id"])
    await user.http.patch(stays, json={"list": there["id"]})  # the views need not know it yet
    deleted = await user.http.delete(here["href"], params={"tasks": "delete"}, headers=WAIT)
    assert (deleted.status_code, deleted.json()["command"]["bulk"]["id"] is not None) == (200, True)
    assert [(await user.http.get(task)).json()["status"] for task in (stays, goes)] == ["open", "deleted"]
