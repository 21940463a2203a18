"""Bulks: resolved once, sent whole, carried out once, reported task by task."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import httpx

from schemas import ids
from schemas.records import ChangeTasks
from tests.integration.ingress.standin import StandIn, Tail, User
from tests.integration.ingress.test_api_commands import decoded

WAIT = {"Prefer": "wait=20"}


async def created(user: User, *titles: str, **fields: object) -> list[str]:
    """Create tasks and return their ids."""
    made = [await user.http.post("/v1/tasks", json={"title": title, **fields}, headers=WAIT) for title in titles]
    return [each.json()["task"]["id"] for each in made]


async def begun(user: User, key: str | None = None, **body: object) -> httpx.Response:
    """Send a bulk and wait for it."""
    return await user.http.post("/v1/bulks", json=body, headers=WAIT | ({"Idempotency-Key": key} if key else {}))


async def standing(user: User, tasks: Sequence[str]) -> list[dict[str, Any]]:
    return [(await user.http.get(f"/v1/tasks/{task}")).json() for task in tasks]


def counts(answer: httpx.Response) -> tuple[str, int, int, int, int]:
    shown = answer.json()
    return shown["status"], shown["tasks"], shown["changed"], shown["unchanged"], shown["refused"]


async def test_what_a_filter_finds_is_changed(user: User, stages: StandIn) -> None:
    tagged = await created(user, "One", "Two", tags=["home"])
    [other] = await created(user, "Three")

    answer = await begun(user, filter="#home", action="complete")

    assert (answer.status_code, counts(answer)) == (200, ("done", 2, 2, 0, 0)), answer.text
    assert [task["status"] for task in await standing(user, [*tagged, other])] == ["completed", "completed", "open"]
    assert (await user.http.get(answer.json()["href"])).json() == answer.json()


async def test_named_tasks_are_changed_and_what_is_refused_says_why(user: User, stages: StandIn) -> None:
    one, two = await created(user, "One", "Two")
    missing = str(uuid4())
    tasks = [{"id": one}, {"id": two, "version": 7}, {"id": missing}]

    answer = await begun(user, tasks=tasks, action="update", add_tags=["new"], changes={"priority": "high"}, shift=1)

    assert counts(answer) == ("done", 3, 1, 0, 2)
    first = (await user.http.get(f"{answer.json()['href']}/refusals", params={"limit": 1})).json()
    rest = (await user.http.get(f"{answer.json()['href']}/refusals", params={"cursor": first["next"]})).json()
    refused = [(each["task"]["id"], each["code"]) for each in (*first["items"], *rest["items"])]
    assert (refused, rest["next"]) == ([(two, "version"), (missing, "not-found")], None)
    [task, _] = await standing(user, [one, two])
    assert (task["tags"], task["priority"], task["version"]) == (["new"], "high", 2)


async def test_a_repeated_key_never_applies_a_bulk_to_other_tasks(user: User, stages: StandIn, tail: Tail) -> None:
    [one] = await created(user, "One", tags=["home"])
    first = await begun(user, "again", filter="#home", action="update", changes={"notes": "Done by a bulk"})
    [later] = await created(user, "Later", tags=["home"])
    before = await tail.ends()

    again = await begun(user, "again", filter="#home", action="update", changes={"notes": "Done by a bulk"})

    assert again.json() == first.json()
    assert [task["notes"] for task in await standing(user, [one, later])] == ["Done by a bulk", ""]
    assert await tail.ends() == before


async def test_a_bulk_that_found_nothing_stays_one_that_found_nothing(user: User, stages: StandIn) -> None:
    first = await begun(user, "none", filter="#home", action="complete")
    await created(user, "Later", tags=["home"])
    again = await begun(user, "none", filter="#home", action="complete")
    assert counts(first) == counts(again) == ("done", 0, 0, 0, 0)


async def test_a_key_cannot_stand_for_another_bulk_nor_for_a_command(user: User, stages: StandIn) -> None:
    await begun(user, "k", filter="#home", action="complete")
    other = await begun(user, "k", filter="#home", action="delete")
    command = await user.http.post("/v1/tasks", json={"title": "One"}, headers={"Idempotency-Key": "k"})
    assert [answer.json()["type"] for answer in (other, command)] == ["/problems/idempotency-key-reused"] * 2


async def test_a_bulk_goes_to_the_log_in_chunks_of_one_resolution(user: User, tail: Tail, registry: str) -> None:
    tasks = [{"id": str(uuid4())} for _ in range(1100)]

    answer = await user.http.post("/v1/bulks", json={"tasks": tasks, "action": "delete"})

    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == answer.json()["href"]
    chunks = [await decoded(registry, (await tail.next()).value) for _ in range(3)]
    assert all(isinstance(chunk, ChangeTasks) for chunk in chunks)
    assert [len(chunk.items) for chunk in chunks] == [500, 500, 100]
    assert [chunk.id for chunk in chunks] == [ids.chunk(answer.json()["id"], number) for number in range(3)]
    assert {(chunk.bulk, chunk.chunks, chunk.tasks) for chunk in chunks} == {(answer.json()["id"], 3, 1100)}
    assert len({chunk.resolution for chunk in chunks}) == 1
    assert (await user.http.get(answer.json()["href"])).json()["status"] == "pending"


async def test_a_chunk_of_another_resolution_changes_nothing_and_the_bulk_says_that_it_was_sent_in_part(
    user: User, stages: StandIn
) -> None:
    [one] = await created(user, "One")
    common = {"id": ids.command(user.id, "part"), "user": user.id, "at": 0, "actor": "user:x"}
    # On the log if the broker took the first of two batches, and the client sent again what had changed meanwhile.
    await stages.begin(common, chunk=0, chunks=2, task=str(uuid4()), resolution="first")
    await stages.begin(common, chunk=1, chunks=2, task=one, resolution="other")

    answer = await user.http.get(f"/v1/bulks/{common['id']}")

    assert (answer.json()["status"], answer.json()["decided"], answer.json()["chunks"]) == ("in-part", 1, 2)
    assert (await standing(user, [one]))[0]["status"] == "open"


async def test_tasks_are_counted_before_anything_is_done(user: User, stages: StandIn, tail: Tail) -> None:
    await created(user, "One", "Two", tags=["home"])
    before = await tail.ends()
    answer = await user.http.post("/v1/bulks/count", json={"filter": "#home", "action": "delete"})
    assert answer.json() == {"tasks": 2}
    assert await tail.ends() == before


async def test_the_days_of_a_filter_are_those_of_the_zone(user: User, stages: StandIn) -> None:
    await created(user, "Now and then", due={"date": "2026-01-01", "time": "23:30", "zone": "UTC"})

    async def count(zone: str) -> int:
        body = {"filter": "due = 2026-01-02", "zone": zone, "action": "complete"}
        return int((await user.http.post("/v1/bulks/count", json=body)).json()["tasks"])

    assert [await count("UTC"), await count("Europe/Paris")] == [0, 1]


async def test_deleted_tasks_are_found_only_where_a_status_is_named(user: User, stages: StandIn) -> None:
    [one] = await created(user, "One", tags=["home"])
    await user.http.delete(f"/v1/tasks/{one}", headers=WAIT)
    found = [await begun(user, filter=text, action="restore") for text in ("#home", "deleted and #home")]
    assert [answer.json()["tasks"] for answer in found] == [0, 1]
    assert (await standing(user, [one]))[0]["status"] == "open"


async def test_a_bulk_that_makes_no_sense_names_what_is_wrong(user: User) -> None:
    async def fields(**body: object) -> set[str]:
        answer = await user.http.post("/v1/bulks", json=body)
        assert answer.status_code == 422, answer.text
        return {error["field"] for error in answer.json()["errors"]}

    assert await fields(action="complete") == {"filter"}
    assert await fields(action="complete", filter="overdue", zone="Mars/Base") == {"zone"}
    assert await fields(action="complete", filter="overdu") == {"filter"}
    assert await fields(action="complete", filter="overdue", shift=1) == {"shift"}
    assert await fields(action="update", filter="overdue") == {"changes"}
    assert await fields(action="update", filter="overdue", changes={"due": None}, shift=1) == {"shift"}
    assert await fields(action="update", filter="overdue", changes={"title": "\0"}) == {"changes.title"}
    assert await fields(action="update", filter="overdue", add_tags=[""]) == {"add_tags.0"}
    assert await fields(action="complete", tasks=[{"id": "1"}]) == {"tasks.0.id"}


async def test_nobody_sees_anothers_bulk(user: User, new_user: Any, stages: StandIn) -> None:
    answer = await begun(user, filter="#home", action="complete")
    for path in ("", "/refusals"):
        assert (await new_user().http.get(answer.json()["href"] + path)).status_code == 404


async def undone(user: User, href: str) -> httpx.Response:
    return await user.http.post(f"{href}/undo", headers=WAIT)


async def test_a_command_is_undone_and_done_again(user: User, stages: StandIn) -> None:
    [task] = await created(user, "One")
    changed = await user.http.patch(f"/v1/tasks/{task}", json={"title": "Two", "tags": ["x"]}, headers=WAIT)

    undoing = await undone(user, changed.json()["command"]["href"])
    [before] = await standing(user, [task])
    again = await undone(user, undoing.json()["href"])
    [after] = await standing(user, [task])

    assert (counts(undoing), counts(again)) == (("done", 1, 1, 0, 0),) * 2
    assert [(each["title"], each["tags"]) for each in (before, after)] == [("One", []), ("Two", ["x"])]


async def test_a_bulk_is_undone_but_for_what_was_changed_since(user: User, stages: StandIn) -> None:
    one, two = await created(user, "One", "Two", tags=["home"])
    bulk = await begun(user, filter="#home", action="update", remove_tags=["home"])
    await user.http.patch(f"/v1/tasks/{two}", json={"tags": ["mine"]}, headers=WAIT)

    undoing = await undone(user, bulk.json()["href"])

    assert counts(undoing) == ("done", 2, 1, 0, 1)
    assert [task["tags"] for task in await standing(user, [one, two])] == [["home"], ["mine"]]
    [refused] = (await user.http.get(f"{undoing.json()['href']}/refusals")).json()["items"]
    assert (refused["task"]["id"], refused["code"], refused["field"]) == (two, "contradicted", "tags")


async def test_what_changed_nothing_or_is_unknown_is_not_undone(user: User, stages: StandIn) -> None:
    [task] = await created(user, "One")
    nothing = await user.http.post(f"/v1/tasks/{task}/reopen", headers=WAIT)
    refused = [await undone(user, href) for href in (nothing.json()["command"]["href"], f"/v1/commands/{uuid4()}")]
    assert [answer.status_code for answer in refused] == [409, 404]


async def test_undoing_twice_under_one_key_is_undoing_once(user: User, stages: StandIn, tail: Tail) -> None:
    [task] = await created(user, "One")
    completed = await user.http.post(f"/v1/tasks/{task}/complete", headers=WAIT)
    href, headers = f"{completed.json()['command']['href']}/undo", WAIT | {"Idempotency-Key": "oops"}
    first = await user.http.post(href, headers=headers)
    before = await tail.ends()
    again = await user.http.post(href, headers=headers)
    assert (again.json(), await tail.ends()) == (first.json(), before)


async def test_what_is_a_part_of_a_task_is_deleted_with_it_and_undone_with_it(user: User, stages: StandIn) -> None:
    [trip, other] = await created(user, "Trip", "Other")
    [pack] = await created(user, "Pack", parent=trip)
    [socks] = await created(user, "Socks", parent=pack)
    family = [trip, pack, socks, other]

    deleted = await user.http.delete(f"/v1/tasks/{trip}", params={"subtasks": "delete"}, headers=WAIT)
    after = [task["status"] for task in await standing(user, family)]
    undoing = await undone(user, deleted.json()["command"]["href"])

    assert after == ["deleted", "deleted", "deleted", "open"]
    assert counts(undoing) == ("done", 3, 3, 0, 0)
    assert [task["status"] for task in await standing(user, family)] == ["open"] * 4


async def test_a_task_that_is_deleted_alone_leaves_its_parts(user: User, stages: StandIn) -> None:
    [trip] = await created(user, "Trip")
    [pack] = await created(user, "Pack", parent=trip)
    refused = await user.http.delete(
        f"/v1/tasks/{trip}", params={"subtasks": "delete"}, headers=WAIT | {"If-Match": '"7"'}
    )
    await user.http.delete(f"/v1/tasks/{trip}", headers=WAIT)
    assert (refused.status_code, (await standing(user, [pack]))[0]["status"]) == (412, "open")


async def test_bulks_and_commands_of_one_user_at_once_are_all_taken(user: User) -> None:
    tasks = [{"id": str(uuid4())} for _ in range(600)]
    sent = [
        user.http.post("/v1/bulks", json={"tasks": tasks, "action": "complete"})
        if number % 4 == 0
        else user.http.post("/v1/tasks", json={"title": f"{number}"})
        for number in range(64)
    ]
    assert {answer.status_code for answer in await asyncio.gather(*sent)} == {202}


async def test_a_list_that_was_deleted_with_its_tasks_moved_is_undone_with_them(user: User, stages: StandIn) -> None:
    made = await user.http.post("/v1/lists", json={"name": "Errands"}, headers=WAIT)
    list_ = made.json()["list"]
    [task] = await created(user, "Buy milk", list=list_["id"])
    deleted = await user.http.delete(list_["href"], params={"tasks": "move"}, headers=WAIT)

    undoing = await undone(user, deleted.json()["command"]["href"])

    assert counts(undoing) == ("done", 2, 2, 0, 0)
    assert (await user.http.get(list_["href"])).json()["deleted"] is False
    assert [each["list"] for each in await standing(user, [task])] == [list_["id"]]


async def test_a_tag_that_was_renamed_has_its_name_and_its_colour_again(user: User, stages: StandIn) -> None:
    [task] = await created(user, "Buy milk", tags=["home"])
    await user.http.patch("/v1/tags/home", json={"colour": "#1e90ff"}, headers=WAIT)
    renamed = await user.http.post("/v1/tags/home/rename", json={"name": "house"}, headers=WAIT)

    await undone(user, renamed.json()["command"]["href"])

    tags = {tag["name"]: tag["colour"] for tag in (await user.http.get("/v1/tags")).json()["items"]}
    assert (tags, [each["tags"] for each in await standing(user, [task])]) == ({"home": "#1e90ff"}, [["home"]])


async def test_what_is_no_task_and_was_left_is_named_among_the_refused(user: User, stages: StandIn) -> None:
    made = await user.http.post("/v1/lists", json={"name": "Errands"}, headers=WAIT)
    await created(user, "Buy milk", list=made.json()["list"]["id"])

    undoing = await undone(user, made.json()["command"]["href"])

    [refused] = (await user.http.get(f"{undoing.json()['href']}/refusals")).json()["items"]
    assert (refused["task"], refused["list"]["id"], refused["code"]) == (None, made.json()["list"]["id"], "not-empty")


async def test_a_bulk_names_up_to_twenty_thousand_tasks(user: User, tail: Tail, registry: str) -> None:
    tasks = [{"id": str(uuid4()), "version": 123_456_789_012} for _ in range(20_000)]
    answer = await user.http.post("/v1/bulks", json={"tasks": tasks, "action": "complete"})
    assert (answer.status_code, answer.json()["tasks"]) == (202, 20_000), answer.text
    chunk = await decoded(registry, (await tail.next()).value)
    assert isinstance(chunk, ChangeTasks)
    assert (chunk.chunks, chunk.items[0].task) == (40, tasks[0]["id"])

    more = await user.http.post("/v1/bulks", json={"tasks": [*tasks, {"id": str(uuid4())}], "action": "complete"})
    assert (more.status_code, more.json()["errors"][0]["field"]) == (422, "tasks")


async def test_only_a_bulk_has_so_large_a_body(user: User) -> None:
    title = "x" * 300_000
    assert (await user.http.post("/v1/tasks", json={"title": title})).status_code == 413
    assert (await user.http.post("/v1/bulks", json={"filter": title, "action": "complete"})).status_code == 422
    assert (await user.http.post("/v1/bulks", json={"filter": title * 7, "action": "complete"})).status_code == 413
