"""Commands reach the log, each under its id, and are answered."""

from aiokafka.partitioner import murmur2

from schemas.codec import Codec
from schemas.records import CreateTask
from schemas.registry.client import Registry
from tests.integration.ingress.standin import PARTITIONS, StandIn, Tail, User

WAIT = {"Prefer": "wait=20"}


async def test_a_command_is_on_the_log_before_it_is_answered_202(user: User, tail: Tail, registry: str) -> None:
    answer = await user.http.post("/v1/tasks", json={"title": "Water the plants"})

    assert answer.status_code == 202
    record = await tail.next()
    command = await _decoded(registry, record.value)
    assert isinstance(command, CreateTask)
    assert command.fields.title == "Water the plants"
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


async def _decoded(registry_url: str, value: bytes) -> object:
    registry = Registry(registry_url)
    codec = Codec(registry)
    await codec.learn([value])
    await registry.aclose()
    return codec.decode(value)


async def test_who_prefers_to_wait_receives_the_task_as_it_stands(user: User, stages: StandIn) -> None:
    answer = await user.http.post("/v1/tasks", json={"title": "Buy milk", "tags": ["shop"]}, headers=WAIT)

    assert answer.status_code == 201, answer.text
    assert answer.json()["command"]["status"] == "accepted"
    assert answer.json()["task"]["title"] == "Buy milk"
    assert answer.json()["task"]["tags"] == ["shop"]
    assert answer.headers["preference-applied"] == "wait=20"
