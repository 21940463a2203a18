"""Tags over HTTP: their colours, and what is done to one over all tasks."""

from urllib.parse import quote

import pytest

from tests.integration.ingress.standin import User

pytestmark = pytest.mark.usefixtures("stages")
WAIT = {"Prefer": "wait=20"}
BLUE = "#1e90ff"


async def task_with(user: User, *tags: str) -> str:
    answer = await user.http.post("/v1/tasks", json={"title": "Buy milk", "tags": tags}, headers=WAIT)
    return str(answer.json()["task"]["href"])


async def tags(user: User) -> dict[str, tuple[str | None, int]]:
    items = (await user.http.get("/v1/tags")).json()["items"]
    return {tag["name"]: (tag["colour"], tag["open"]) for tag in items}


async def test_a_tag_is_there_while_it_has_a_colour_or_a_task(user: User) -> None:
    task = await task_with(user, "home")
    coloured = await user.http.patch("/v1/tags/work", json={"colour": "#1E90FF"}, headers=WAIT)
    assert (coloured.status_code, coloured.json()["tag"]["colour"]) == (200, BLUE)
    assert await tags(user) == {"home": (None, 1), "work": (BLUE, 0)}

    await user.http.delete(task, headers=WAIT)
    cleared = await user.http.patch("/v1/tags/work", json={"colour": None}, headers=WAIT)

    assert cleared.json()["tag"] is None
    assert await tags(user) == {}
    assert (await user.http.get("/v1/tags/home")).status_code == 404


@pytest.mark.parametrize("name", ["a/b", "Über #1", "x/rename", "50% off?"])
async def test_any_name_can_be_written_in_an_address(user: User, name: str) -> None:
    answer = await user.http.patch(f"/v1/tags/{quote(name, safe='')}", json={"colour": BLUE}, headers=WAIT)

    assert answer.json()["tag"]["name"] == name
    assert (await user.http.get(answer.json()["tag"]["href"])).json()["colour"] == BLUE


async def test_a_tag_is_renamed_on_all_tasks_and_its_colour_goes_with_it(user: User) -> None:
    both, old, other = await task_with(user, "home", "house"), await task_with(user, "home"), await task_with(user, "x")
    await user.http.post(f"{old}/complete", headers=WAIT)
    await user.http.patch("/v1/tags/home", json={"colour": BLUE}, headers=WAIT)

    answer = await user.http.post("/v1/tags/home/rename", json={"name": "house"}, headers=WAIT)

    assert (answer.status_code, answer.json()["tag"]["name"], answer.json()["tag"]["colour"]) == (200, "house", BLUE)
    tagged = [(await user.http.get(task)).json()["tags"] for task in (both, old, other)]
    assert (tagged, await tags(user)) == ([["house"], ["house"], ["x"]], {"house": (BLUE, 1), "x": (None, 1)})


async def test_a_tag_is_deleted_from_all_tasks(user: User) -> None:
    task = await task_with(user, "home", "x")
    await user.http.patch("/v1/tags/home", json={"colour": BLUE}, headers=WAIT)

    answer = await user.http.delete("/v1/tags/home", headers=WAIT)

    assert (answer.status_code, answer.json()["tag"]) == (200, None)
    assert (await user.http.get(task)).json()["tags"] == ["x"]


async def test_a_repeated_rename_changes_no_task_that_came_later(user: User) -> None:
    key = {**WAIT, "Idempotency-Key": "rename"}
    await task_with(user, "home")
    first = await user.http.post("/v1/tags/home/rename", json={"name": "house"}, headers=key)
    later = await task_with(user, "home")
    again = await user.http.post("/v1/tags/home/rename", json={"name": "house"}, headers=key)
    other = await user.http.post("/v1/tags/Home/rename", json={"name": "house"}, headers=key)

    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 422)
    assert (await user.http.get(later)).json()["tags"] == ["home"]


async def test_what_a_tag_can_not_be_is_refused(user: User) -> None:
    named = await user.http.post("/v1/tags/home/rename", json={"name": " "})
    same = await user.http.post("/v1/tags/home/rename", json={"name": "home"})
    colour = await user.http.patch("/v1/tags/home", json={"colour": "blue"})

    assert [answer.json()["errors"][0]["field"] for answer in (named, same, colour)] == ["name", "name", "colour"]


async def test_a_rename_of_a_tag_without_a_colour_is_accepted_and_names_its_bulk(user: User) -> None:
    await task_with(user, "home")
    answer = await user.http.post("/v1/tags/home/rename", json={"name": "house"}, headers=WAIT)
    again = await user.http.post("/v1/tags/home/rename", json={"name": "house"}, headers=WAIT)

    [renamed, nothing] = (each.json()["command"] for each in (answer, again))
    assert (renamed["status"], nothing["status"]) == ("accepted", "nothing-to-do")
    bulk = (await user.http.get(renamed["bulk"]["href"])).json()
    assert (bulk["status"], bulk["changed"]) == ("done", 1)
    assert (await user.http.get(renamed["href"])).json()["bulk"] == renamed["bulk"]
    undoing = await user.http.post(f"{renamed['href']}/undo", headers=WAIT)
    assert (undoing.json()["changed"], await tags(user)) == (1, {"home": (None, 1)})
