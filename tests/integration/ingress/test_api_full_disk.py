"""The API on a disk that is nearly full: commands are refused, reading goes on."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from api.app import openapi
from api.http.document import answer
from common.room import MIB
from tests.integration.ingress.test_api_without_parts import TASK, serving, until_ready
from tests.small_disk import SmallDisk, small_disk

ENOUGH = 4 * MIB


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk(8 * MIB) as disk:
        yield disk


async def test_on_a_disk_that_is_nearly_full_commands_are_refused_and_reading_goes_on(
    disk: SmallDisk, log: str, registry: str, database: str
) -> None:
    disk.fill(leaving=3 * MIB)
    where = {"kafka": log, "registry": registry, "postgres": database}
    async with serving(**where, disk=disk.path, disk_bytes=ENOUGH) as client:
        await until_ready(client, "broker", "registry", "postgres")
        refused = await client.post("/v1/tasks", json=TASK, headers={"Idempotency-Key": str(uuid4())})
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/disk-full")
        assert refused.json()["detail"].startswith(f"The disk of {disk.path} has 3 MiB free, and 4 are needed. ")
        assert int(refused.headers["retry-after"]) > 0
        assert (await client.get("/v1/tasks")).json()["items"] == []
        ready = await client.get("/ready")
        assert (ready.status_code, ready.json()["ready"]) == (200, True)
        assert ready.json()["warnings"][-1].endswith("3 MiB free, and 4 are needed. Commands are refused.")


async def test_commands_are_taken_again_once_there_is_room(
    disk: SmallDisk, log: str, registry: str, database: str
) -> None:
    key = {"Idempotency-Key": "the same"}
    where = {"kafka": log, "registry": registry, "postgres": database}
    async with serving(**where, disk=disk.path, disk_bytes=ENOUGH) as client:
        await until_ready(client, "broker", "registry", "postgres")
        disk.fill()
        await until(client, is_full=True)
        assert (await client.post("/v1/tasks", json=TASK, headers=key)).status_code == 503
        disk.clear()
        await until(client, is_full=False)
        assert (await client.post("/v1/tasks", json=TASK, headers=key)).status_code == 202


async def until(client: httpx.AsyncClient, *, is_full: bool) -> None:
    """Return once it has looked at the disk again."""
    async with asyncio.timeout(10):
        while await tells_of_the_disk(client) != is_full:  # noqa: ASYNC110 - it comes by HTTP
            await asyncio.sleep(0.1)


async def tells_of_the_disk(client: httpx.AsyncClient) -> bool:
    """Return whether the API says that the disk is nearly full."""
    return any("The disk" in warning for warning in (await client.get("/ready")).json()["warnings"])


async def test_the_room_for_the_log_of_another_broker_is_not_looked_at(log: str, registry: str, database: str) -> None:
    async with serving(kafka=log, registry=registry, postgres=database, disk_bytes=2**60) as client:
        await until_ready(client, "broker")
        assert not await tells_of_the_disk(client)
        assert (await client.post("/v1/tasks", json=TASK)).status_code == 202


def test_each_operation_that_appends_to_the_log_may_answer_that_the_disk_is_full() -> None:
    document = openapi()
    answering = {
        (method, path): answer(document, operation["responses"].get("503", {})).get("content", {})
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    kinds = {operation: str(content.get("application/problem+json", {})) for operation, content in answering.items()}
    appending = {operation for operation, said in kinds.items() if "/problems/outcome-unknown" in said}
    assert appending == {operation for operation, said in kinds.items() if "/problems/disk-full" in said}
    assert len(appending) > 15
