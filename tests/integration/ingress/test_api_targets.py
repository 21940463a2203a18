"""Targets over HTTP: their addresses are stored encrypted, and are in no answer and on no topic."""

import json
from typing import Any

import asyncpg
import pytest

from channels.sealing import Place, Seal
from tests.integration.ingress.conftest import TARGETS_KEY
from tests.integration.ingress.standin import StandIn, Tail, User
from tests.unit.channels.test_addresses import NONE

WAIT = {"Prefer": "wait=20"}
SECRET = "ntfy://planted-in-the-address"
pytestmark = pytest.mark.usefixtures("stages")


async def stored(database: str, user: User) -> dict[str, str]:
    """The addresses of a user's targets as they are stored, decrypted, by target."""
    connection = await asyncpg.connect(database)
    try:
        async with connection.transaction():
            await connection.execute("set local role rondo_views")
            rows = await connection.fetch(
                "select id::text, target_id::text, user_id::text, sealed from rondo_private.addresses "
                "where user_id = $1::uuid",
                user.id,
            )
    finally:
        await connection.close()
    seal = Seal(bytes.fromhex(TARGETS_KEY))
    return {row["target_id"]: seal.opened(row["sealed"], Place(user.id, row["target_id"], row["id"])) for row in rows}


async def added(user: User, **fields: Any) -> dict[str, Any]:
    answer = await user.http.post("/v1/targets", json={"name": "Phone", "address": SECRET, **fields}, headers=WAIT)
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["target"])


async def test_a_target_is_added_and_its_address_is_stored_encrypted_and_nowhere_else(
    user: User, database: str, tail: Tail
):
    target = await added(user)
    assert (target["name"], target["kind"], target["enabled"], target["has_address"]) == ("Phone", "ntfy", True, True)
    assert await stored(database, user) == {target["id"]: SECRET}
    [page, history] = [(await user.http.get(path)).text for path in ("/v1/targets", f"{target['href']}/history")]
    command = await tail.next()
    assert command.key == user.id.encode()
    for shown in (json.dumps(target), page, history, repr(command)):
        assert "planted" not in shown


async def test_the_address_of_a_target_is_removed_with_it_or_when_it_is_replaced(user: User, database: str):
    kept, target = await added(user), await added(user)
    changed = await user.http.patch(target["href"], json={"address": "mailto://a:b@example.org"}, headers=WAIT)
    assert changed.json()["target"]["kind"] == "mailto"
    assert await stored(database, user) == {kept["id"]: SECRET, target["id"]: "mailto://a:b@example.org"}

    await user.http.delete(target["href"], headers=WAIT)
    assert await stored(database, user) == {kept["id"]: SECRET}

    restored = await user.http.post(f"{target['href']}/restore", headers=WAIT)
    assert restored.json()["target"]["has_address"] is False
    again = await user.http.patch(target["href"], json={"address": SECRET}, headers=WAIT)
    assert again.json()["target"]["has_address"] is True


@pytest.mark.parametrize("address", NONE)
async def test_what_is_no_address_is_refused_with_its_field_and_not_quoted(user: User, database: str, address: str):
    answer = await user.http.post("/v1/targets", json={"name": "Phone", "address": address}, headers=WAIT)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == ["address"]
    assert "planted" not in answer.text
    assert await stored(database, user) == {}


async def test_a_request_that_is_repeated_adds_one_target_and_another_address_is_another_request(
    user: User, database: str
):
    headers = {**WAIT, "Idempotency-Key": "add"}
    body = {"name": "Phone", "address": SECRET}
    first, again = [await user.http.post("/v1/targets", json=body, headers=headers) for _ in range(2)]
    other = await user.http.post("/v1/targets", json={**body, "address": "ntfy://other"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["target"]["id"] == again.json()["target"]["id"]
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert await stored(database, user) == {first.json()["target"]["id"]: SECRET}


async def test_a_repeated_request_does_not_bring_back_the_address_of_a_deleted_target(user: User, database: str):
    headers = {**WAIT, "Idempotency-Key": "add"}
    body = {"name": "Phone", "address": SECRET}
    target = (await user.http.post("/v1/targets", json=body, headers=headers)).json()["target"]
    await user.http.delete(target["href"], headers=WAIT)
    await user.http.post("/v1/targets", json=body, headers=headers)
    assert await stored(database, user) == {}


async def test_a_21st_target_is_refused(user: User):
    for _ in range(20):
        await added(user)
    answer = await user.http.post("/v1/targets", json={"name": "Phone", "address": SECRET}, headers=WAIT)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")


async def test_a_test_of_a_target_in_a_network_that_is_not_allowed_says_so(user: User):
    target = await added(user, address="http://127.0.0.1:1/planted")
    answer = await user.http.post(f"{target['href']}/test")
    assert answer.json() == {"sent": False, "error": "the host is in no network that targets may be in"}


async def test_a_target_without_an_address_can_not_be_tested(user: User):
    target = await added(user)
    await user.http.delete(target["href"], headers=WAIT)
    await user.http.post(f"{target['href']}/restore", headers=WAIT)
    assert (await user.http.post(f"{target['href']}/test")).status_code == 409


async def test_targets_are_seen_changed_and_tested_by_their_user_alone(user: User, new_user: Any):
    target, other = await added(user), new_user()
    assert (await other.http.get("/v1/targets")).json()["items"] == []
    assert (await other.http.get(target["href"])).status_code == 404
    assert (await other.http.post(f"{target['href']}/test")).status_code == 404
    taken = await other.http.patch(target["href"], json={"address": "ntfy://other"}, headers=WAIT)
    assert taken.status_code == 404


async def test_a_browser_gets_the_key_to_subscribe_with(user: User, stages: StandIn):
    key = (await user.http.get("/v1/targets/web-push-key")).json()["key"]
    assert (len(key), key[0]) == (87, "B")
