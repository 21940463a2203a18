"""Commands reach the log, each under its id, and are answered with what became of them."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import asyncpg
import httpx
from aiokafka.partitioner import murmur2

from schemas import ids
from schemas.codec import Codec
from schemas.records import CommandOutcome, CreateTask, OutcomeKind, UpdateTask
from schemas.registry.client import Registry
from tests.integration.ingress.standin import PARTITIONS, StandIn, Tail, User

WAIT = {"Prefer": "wait=20"}


async def decoded(registry_url: str, value: bytes) -> object:
    registry = Registry(registry_url)
    codec = Codec(registry)
    await codec.learn([value])
    await registry.aclose()
    return codec.decode(value)


async def test_a_command_is_on_the_log_before_it_is_answered_202(user: User, tail: Tail, registry: str) -> None:
    before = await tail.ends()
    answer = await user.http.post("/v1/tasks", json={"title": "Water the plants"})

    assert sum((await tail.ends()).values()) == sum(before.values()) + 1
    record = await tail.next()
    command = await decoded(registry, record.value)
    assert isinstance(command, CreateTask)
    assert command.fields.title == "Water the plants"
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/commands/{command.id}"
    assert answer.json() == {
        "command": {"id": command.id, "href": f"/v1/commands/{command.id}", "status": "pending"},
        "task": {"id": command.task, "href": f"/v1/tasks/{command.task}"},
    }


async def test_everything_of_a_user_goes_to_the_partition_that_java_would_choose(user: User, tail: Tail) -> None:
    await user.http.post("/v1/tasks", json={"title": "One"})

    record = await tail.next()
    assert record.key == user.id.encode()
    assert record.partition == (murmur2(record.key) & 0x7FFFFFFF) % PARTITIONS


async def test_a_change_says_which_fields_it_sets(user: User, tail: Tail, registry: str) -> None:
    await user.http.patch(f"/v1/tasks/{uuid4()}", json={"notes": None, "recurrence": None})

    command = await decoded(registry, (await tail.next()).value)
    assert isinstance(command, UpdateTask)
    assert command.changed == ("notes", "rrule")


async def test_a_client_that_prefers_to_wait_receives_the_current_task(user: User, stages: StandIn) -> None:
    answer = await user.http.post("/v1/tasks", json={"title": "Buy milk", "tags": ["shop"]}, headers=WAIT)

    assert answer.status_code == 201, answer.text
    assert answer.headers["preference-applied"] == "wait=20"
    shown = answer.json()
    assert shown["command"]["status"] == "accepted"
    assert (shown["task"]["title"], shown["task"]["tags"]) == ("Buy milk", ["shop"])
    assert answer.headers["location"] == shown["task"]["href"]
    assert (await user.http.get(shown["task"]["href"])).json() == shown["task"] | {"words": None}


async def test_a_task_goes_its_whole_way(user: User, stages: StandIn) -> None:
    href = (await user.http.post("/v1/tasks", json={"title": "Report"}, headers=WAIT)).json()["task"]["href"]

    async def send(method: str, path: str = "", body: object = None) -> httpx.Response:
        return await user.http.request(method, href + path, json=body, headers=WAIT)

    changed = await send("PATCH", body={"title": "Annual report", "priority": "urgent"})
    assert (changed.status_code, changed.json()["task"]["title"]) == (200, "Annual report")
    assert (await send("POST", "/complete")).json()["task"]["status"] == "completed"
    assert (await send("POST", "/complete")).json()["command"]["status"] == "nothing-to-do"
    assert (await send("POST", "/reopen")).json()["task"]["status"] == "open"
    assert (await send("DELETE")).json()["task"]["status"] == "deleted"
    assert (await send("PATCH", body={"title": "Too late"})).status_code == 409


async def test_a_rejected_command_is_a_problem_with_the_outcomes_reason(user: User, stages: StandIn) -> None:
    answer = await user.http.post(f"/v1/tasks/{uuid4()}/complete", headers=WAIT)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/not-found"
    assert answer.json()["code"] == "not-found"
    assert answer.json()["command"]["status"] == "rejected"


async def test_a_rejection_names_the_field_at_fault(user: User, stages: StandIn) -> None:
    due = {"date": "2026-11-24", "time": "09:00", "zone": "Europe/Paris"}
    body = {"title": "Stand-up", "due": due, "recurrence": "FREQ=DAILY"}
    href = (await user.http.post("/v1/tasks", json=body, headers=WAIT)).json()["task"]["href"]

    answer = await user.http.patch(href, json={"due": None}, headers=WAIT)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "due"


async def test_a_change_of_a_due_keeps_what_it_does_not_name(user: User, stages: StandIn) -> None:
    due = {"date": "2026-12-01", "time": "19:00:00", "zone": "Europe/Paris"}
    href = (await user.http.post("/v1/tasks", json={"title": "Cinema", "due": due}, headers=WAIT)).json()["task"][
        "href"
    ]

    async def merged(patch: dict[str, str | None]) -> object:
        return (await user.http.patch(href, json={"due": patch}, headers=WAIT)).json()["task"]["due"]

    assert await merged({"date": "2026-12-08"}) == due | {"date": "2026-12-08"}
    assert await merged({"time": "20:00"}) == due | {"date": "2026-12-08", "time": "20:00:00"}
    assert await merged({"time": None}) == {"date": "2026-12-08", "time": None, "zone": None}

    refused = await user.http.patch(href, json={"due": {"zone": "Europe/Paris"}}, headers=WAIT)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "due.zone")


PASTED = {"title": "\ufeffBuy\r\n\u2068oat\tmilk\u2069", "notes": "a\r\nb", "tags": ["#errand"]}


async def test_what_is_pasted_is_cleaned_and_to_who_prefers_strictness_refused(user: User, stages: StandIn) -> None:
    task = (await user.http.post("/v1/tasks", json=PASTED, headers=WAIT)).json()["task"]
    assert [task[field] for field in PASTED] == ["Buy oat milk", "a\nb", ["errand"]]

    strict = {"Prefer": "wait=20, handling=strict"}
    named = {"add_tags": ["#errand"], "tasks": [{"id": task["id"]}], "action": "update"}
    for method, path, body, fields in (
        ("POST", "/v1/tasks", PASTED, ["tags.0", "title"]),
        ("PATCH", task["href"], PASTED, ["tags.0", "title"]),
        ("POST", "/v1/lists", {"name": "a\tb"}, ["name"]),
        ("POST", "/v1/filters", {"name": "a\u2028b", "filter": "open"}, ["name"]),
        ("POST", "/v1/tags/errand/rename", {"name": "#x"}, ["name"]),
        ("POST", "/v1/bulks", named, ["add_tags.0"]),
        ("POST", "/v1/bulks/count", named, ["add_tags.0"]),
    ):
        refused = await user.http.request(method, path, json=body, headers=strict)
        assert (refused.status_code, [error["field"] for error in refused.json()["errors"]]) == (422, fields), path
        assert (await user.http.request(method, path, json=body, headers=WAIT)).is_success, path
    taken = await user.http.patch(task["href"], json={"title": "Buy milk"}, headers=strict)
    assert taken.headers["preference-applied"] == "wait=20, handling=strict"


async def test_what_is_not_answered_in_time_stays_202(user: User) -> None:
    began = asyncio.get_running_loop().time()
    answer = await user.http.post("/v1/tasks", json={"title": "Slow"}, headers={"Prefer": "wait=1"})
    assert answer.status_code == 202
    assert 1 <= asyncio.get_running_loop().time() - began < 10


async def test_a_command_is_pending_at_its_address_until_it_is_answered(user: User, stages: StandIn) -> None:
    answer = await user.http.post("/v1/tasks", json={"title": "Follow me"})

    known = await user.http.get(answer.headers["location"], headers=WAIT)

    assert known.json()["status"] == "accepted"
    assert known.json()["task"] == answer.json()["task"]


async def test_a_command_that_nobody_answers_is_pending(user: User) -> None:
    answer = await user.http.post("/v1/tasks", json={"title": "Follow me"})
    known = await user.http.get(answer.headers["location"])
    assert (known.status_code, known.json()["status"]) == (200, "pending")


async def test_the_same_key_and_body_are_the_same_command(user: User, tail: Tail) -> None:
    headers = {"Idempotency-Key": "order 66"}
    first = await user.http.post("/v1/tasks", content=b'{"title":"Once","notes":"n"}', headers=headers | _JSON)
    again = await user.http.post("/v1/tasks", content=b'{ "notes": "n", "title": "Once" }', headers=headers | _JSON)

    assert first.json() == again.json()
    assert first.json()["command"]["id"] == ids.command(user.id, "order 66")


_JSON = {"Content-Type": "application/json"}


async def test_a_command_that_was_answered_is_not_sent_again(user: User, stages: StandIn, tail: Tail) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await user.http.post("/v1/tasks", json={"title": "Once"}, headers=headers | WAIT)
    before = await tail.ends()

    again = await user.http.post("/v1/tasks", json={"title": "Once"}, headers=headers)

    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (201, first.json())
    assert await tail.ends() == before


async def test_a_key_cannot_stand_for_another_request(user: User, tail: Tail) -> None:
    headers = {"Idempotency-Key": "k"}
    await user.http.post("/v1/tasks", json={"title": "One"}, headers=headers)
    before = await tail.ends()

    answer = await user.http.post("/v1/tasks", json={"title": "Two"}, headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
    assert await tail.ends() == before


async def test_a_key_that_another_process_took_is_refused_by_its_outcome(user: User, stages: StandIn) -> None:
    command = ids.command(user.id, "theirs")
    await stages.write(
        CommandOutcome(user.id, 0, command, OutcomeKind.ACCEPTED, ids.task(command), fingerprint="of another body")
    )
    answer = await user.http.post("/v1/tasks", json={"title": "Mine"}, headers={"Idempotency-Key": "theirs"})
    assert answer.json()["type"] == "/problems/idempotency-key-reused"


async def test_users_may_choose_the_same_key(new_user: Callable[[], User]) -> None:
    answers = [
        await new_user().http.post("/v1/tasks", json={"title": title}, headers={"Idempotency-Key": "1"})
        for title in ("Hers", "His")
    ]
    assert [answer.status_code for answer in answers] == [202, 202]


async def test_without_a_key_the_answer_names_one_to_send_again_with(user: User) -> None:
    first = await user.http.post("/v1/tasks", json={"title": "Keyless"})
    headers = {"Idempotency-Key": first.headers["idempotency-key"]}
    again = await user.http.post("/v1/tasks", json={"title": "Keyless"}, headers=headers)
    assert again.json() == first.json()


async def test_a_waiter_is_answered_though_the_listening_connection_was_lost(
    user: User, stages: StandIn, database: str
) -> None:
    connection = await asyncpg.connect(database)
    ended = await connection.fetch(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where datname = current_database() and query like 'LISTEN%'"
    )
    await connection.close()
    assert ended

    answer = await user.http.post("/v1/tasks", json={"title": "Heard anyway"}, headers=WAIT)

    assert answer.status_code == 201


async def test_a_task_is_answered_with_its_version_as_the_etag(user: User, stages: StandIn) -> None:
    created = await user.http.post("/v1/tasks", json={"title": "Water the plants"}, headers=WAIT)
    read = await user.http.get(created.json()["task"]["href"])
    assert (created.headers["etag"], read.headers["etag"]) == ('"1"', '"1"')


async def test_a_change_of_another_version_than_expected_is_refused(user: User, stages: StandIn) -> None:
    task = (await user.http.post("/v1/tasks", json={"title": "One"}, headers=WAIT)).json()["task"]["href"]
    first = await user.http.patch(task, json={"title": "Two"}, headers={**WAIT, "If-Match": '"1"'})
    second = await user.http.patch(task, json={"title": "Three"}, headers={**WAIT, "If-Match": '"1"'})

    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    assert (second.status_code, second.json()["code"]) == (412, "version")
    assert (await user.http.get(task)).json()["title"] == "Two"


async def test_whatever_stands_may_be_changed(user: User, stages: StandIn) -> None:
    task = (await user.http.post("/v1/tasks", json={"title": "One"}, headers=WAIT)).json()["task"]["href"]
    answer = await user.http.post(f"{task}/complete", headers={**WAIT, "If-Match": "*"})
    assert answer.status_code == 200


async def test_one_key_with_another_expected_version_is_another_request(user: User, stages: StandIn) -> None:
    task = (await user.http.post("/v1/tasks", json={"title": "One"}, headers=WAIT)).json()["task"]["href"]
    key = {**WAIT, "Idempotency-Key": "change"}
    first = await user.http.patch(task, json={"title": "Two"}, headers={**key, "If-Match": '"1"'})
    other = await user.http.patch(task, json={"title": "Two"}, headers={**key, "If-Match": '"2"'})
    assert (first.status_code, other.status_code) == (200, 422)


async def test_what_a_task_is_planned_with_is_answered_as_it_was_asked_for(user: User, stages: StandIn) -> None:
    house = (await user.http.post("/v1/tasks", json={"title": "House"}, headers=WAIT)).json()["task"]["id"]
    plan = {"start": {"date": "2026-11-24"}, "parent": house, "order": "V", "pinned": True}
    task = (await user.http.post("/v1/tasks", json={"title": "Roof", **plan}, headers=WAIT)).json()["task"]
    assert {name: task[name] for name in plan} == {**plan, "start": {"date": "2026-11-24", "time": None, "zone": None}}

    cleared = await user.http.patch(task["href"], json=dict.fromkeys(plan), headers=WAIT)
    assert cleared.json()["task"] | {"order": ""} == {
        **task,
        **dict.fromkeys(plan),
        "pinned": False,
        "order": "",
        "version": 2,
        "changed_at": cleared.json()["task"]["changed_at"],
    }
