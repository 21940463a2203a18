"""Saved filters over HTTP: commands with an outcome as lists are, and the tasks that one finds."""

from collections.abc import Callable

import httpx
import pytest

from tests.integration.ingress.standin import User

pytestmark = pytest.mark.usefixtures("stages")
WAIT = {"Prefer": "wait=20"}


async def saved(user: User, **fields: object) -> httpx.Response:
    return await user.http.post("/v1/filters", json={"name": "At home", "filter": "#home", **fields}, headers=WAIT)


async def task(user: User, title: str, **fields: object) -> None:
    await user.http.post("/v1/tasks", json={"title": title, **fields}, headers=WAIT)


async def titles(user: User, href: str, **params: object) -> list[str]:
    page = (await user.http.get(f"{href}/tasks", params=params)).json()
    return [one["title"] for one in page["items"]]


async def test_a_filter_that_was_saved_stands_with_its_fields(user: User) -> None:
    answer = await saved(user, sort="due,-priority", colour="#1E90FF", order="V")
    shown = answer.json()["filter"]

    assert (answer.status_code, answer.headers["location"], answer.headers["etag"]) == (201, shown["href"], '"1"')
    assert (shown["name"], shown["filter"], shown["sort"]) == ("At home", "#home", "due,-priority")
    assert (shown["colour"], shown["order"]) == ("#1e90ff", "V")
    assert (await user.http.get(shown["href"])).json() == shown


async def test_a_filter_is_known_before_it_stands(user: User) -> None:
    answer = await user.http.post("/v1/filters", json={"name": "At home", "filter": "#home"})

    known = (await user.http.get(answer.json()["command"]["href"], headers=WAIT)).json()

    assert (answer.status_code, known["status"]) == (202, "accepted")
    assert (known["filter"], known["task"], known["list"]) == (answer.json()["filter"], None, None)


async def test_filters_are_in_their_order_page_by_page_without_the_deleted(user: User) -> None:
    for name, order in (("Last", "z"), ("First", "a"), ("Gone", "c"), ("Middle", "b")):
        href = (await saved(user, name=name, order=order)).json()["filter"]["href"]
        if name == "Gone":
            await user.http.delete(href, headers=WAIT)

    first = (await user.http.get("/v1/filters?limit=2")).json()
    rest = (await user.http.get("/v1/filters", params={"cursor": first["next"]})).json()

    assert [one["name"] for one in (*first["items"], *rest["items"])] == ["First", "Middle", "Last"]
    assert rest["next"] is None


async def test_a_saved_filter_finds_tasks_in_its_order_page_by_page(user: User) -> None:
    for title, tags in (("Cook", ["home"]), ("Travel", []), ("Bake", ["home"]), ("Weed", ["home"])):
        await task(user, title, tags=tags)
    href = (await saved(user, sort="title")).json()["filter"]["href"]

    first = (await user.http.get(f"{href}/tasks?limit=2")).json()
    rest = (await user.http.get(f"{href}/tasks", params={"limit": 2, "cursor": first["next"]})).json()

    assert [[one["title"] for one in page["items"]] for page in (first, rest)] == [["Bake", "Cook"], ["Weed"]]
    assert rest["next"] is None


async def test_a_changed_filter_finds_what_it_says_now(user: User) -> None:
    await task(user, "Cook", tags=["home"])
    await task(user, "Travel")
    href = (await saved(user)).json()["filter"]["href"]
    before = await titles(user, href)

    await user.http.patch(href, json={"filter": "not #home"}, headers=WAIT)

    assert (before, await titles(user, href)) == (["Cook"], ["Travel"])


async def test_the_days_of_a_saved_filter_are_those_of_the_zone_that_asks(user: User) -> None:
    href = (await saved(user, filter="due = today")).json()["filter"]["href"]

    unknown = await user.http.get(f"{href}/tasks", params={"zone": "Europe/Atlantis"})

    assert (unknown.status_code, (await user.http.get(f"{href}/tasks?zone=Asia/Tokyo")).status_code) == (422, 200)


async def test_a_cursor_of_a_filter_is_refused_once_the_filter_is_another(user: User) -> None:
    await task(user, "Cook", tags=["home"])
    await task(user, "Bake", tags=["home"])
    href = (await saved(user, sort="title")).json()["filter"]["href"]
    cursor = (await user.http.get(f"{href}/tasks?limit=1")).json()["next"]

    await user.http.patch(href, json={"filter": "open"}, headers=WAIT)

    assert (await user.http.get(f"{href}/tasks", params={"cursor": cursor})).status_code == 400


async def test_a_change_names_its_version(user: User) -> None:
    href = (await saved(user)).json()["filter"]["href"]
    first = await user.http.patch(href, json={"name": "Town"}, headers={**WAIT, "If-Match": '"1"'})
    second = await user.http.patch(href, json={"name": "Garden"}, headers={**WAIT, "If-Match": '"1"'})

    assert (first.status_code, first.json()["filter"]["name"], first.headers["etag"]) == (200, "Town", '"2"')
    assert (second.status_code, second.json()["code"]) == (412, "version")


async def test_a_deleted_filter_says_so_and_finds_nothing_any_more(user: User) -> None:
    href = (await saved(user)).json()["filter"]["href"]

    deleted = await user.http.delete(href, headers=WAIT)

    assert (deleted.status_code, deleted.json()["filter"]["deleted"]) == (200, True)
    assert (await user.http.get(href)).json()["deleted"]
    assert (await user.http.get(f"{href}/tasks")).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": " ", "filter": "open"}, "name"),
        ({"name": "A", "filter": "open and"}, "filter"),
        ({"name": "A", "filter": " "}, "filter"),
        ({"name": "A", "filter": "open", "sort": "colour"}, "sort"),
        ({"name": "A", "filter": "open", "colour": "blue"}, "colour"),
        ({"name": "A", "filter": "open", "order": "0"}, "order"),
    ],
)
async def test_what_a_filter_can_not_be_is_refused_by_the_name_of_the_field(user: User, body: dict, field: str) -> None:
    answer = await user.http.post("/v1/filters", json=body)

    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])


async def test_what_happened_to_a_filter_is_its_history(user: User) -> None:
    one = (await saved(user)).json()["filter"]
    await user.http.patch(one["href"], json={"filter": "#town"}, headers=WAIT)

    entries = (await user.http.get(one["href"] + "/history")).json()["items"]

    assert [(entry["event"], entry["filter"], entry["task"]) for entry in entries] == [
        ("FilterCreated", one["id"], None),
        ("FilterUpdated", one["id"], None),
    ]
    assert entries[1]["changes"] == [{"field": "filter", "before": "#home", "after": "#town"}]


async def test_another_users_filter_can_not_be_seen(user: User, new_user: Callable[[], User]) -> None:
    other = new_user()
    href = (await saved(user)).json()["filter"]["href"]

    assert (await other.http.get(href)).status_code == 404
    assert (await other.http.get(f"{href}/tasks")).status_code == 404
    assert (await other.http.get("/v1/filters")).json()["items"] == []
    assert (await other.http.delete(href, headers=WAIT)).status_code == 404


async def test_a_deleted_filter_is_brought_back_as_it_was(user: User) -> None:
    made = (await saved(user)).json()["filter"]
    await user.http.delete(made["href"], headers=WAIT)
    restored = await user.http.post(f"{made['href']}/restore", headers=WAIT)
    assert (restored.status_code, restored.json()["filter"]["deleted"]) == (200, False)
