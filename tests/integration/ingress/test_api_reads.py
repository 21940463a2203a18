"""The views as a user reads them over HTTP."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from schemas.records import Notification, ReminderDue, ReminderScheduled, Status, Step, Task, TaskCreated
from tests.integration.ingress.standin import StandIn, User

WAIT = {"Prefer": "wait=20"}
HOUR = 3_600_000


async def create(user: User, title: str, **fields: object) -> dict[str, Any]:
    answer = await user.http.post("/v1/tasks", json={"title": title, **fields}, headers=WAIT)
    assert answer.status_code == 201, answer.text
    task: dict[str, Any] = answer.json()["task"]
    return task


async def test_a_task_is_read_as_it_was_written(user: User, stages: StandIn) -> None:
    due = {"date": "2026-11-24", "time": "09:00", "zone": "Europe/Paris"}
    reminders = [{"before": "PT1H30M"}, {"at": "2026-11-23T10:00:00+02:00"}]
    task = await create(
        user, "Stand-up", due=due, recurrence="FREQ=WEEKLY;BYDAY=MO,TU", priority="high", reminders=reminders, notes="n"
    )

    read = (await user.http.get(task["href"])).json()

    assert read["due"] == due | {"time": "09:00:00"}
    assert read["due_at"] == "2026-11-24T08:00:00Z"
    assert read["recurrence"] == "FREQ=WEEKLY;BYDAY=MO,TU"
    assert (read["priority"], read["status"], read["notes"]) == ("high", "open", "n")
    assert [(each["before"], each["at"]) for each in read["reminders"]] == [
        ("PT1H30M", None),
        (None, "2026-11-23T08:00:00Z"),
    ]


async def test_a_task_is_read_with_its_rule_in_words(user: User, stages: StandIn) -> None:
    due = {"date": "2026-11-24", "time": "09:00", "zone": "Europe/Paris"}
    task = await create(user, "Stand-up", due=due, recurrence="FREQ=WEEKLY;INTERVAL=2", repeats="completion")
    english, german = [(await user.http.get(task["href"], params=asked)).json() for asked in ({}, {"language": "de"})]
    assert english["words"] == "Every second Tuesday at 09:00, Paris time, from completion"
    assert german["words"] == "Jeden zweiten Dienstag um 09:00 Uhr, Zeit in Paris, ab Erledigung"
    assert {**german, "words": english["words"]} == english
    plain = await create(user, "Call home")
    assert (await user.http.get(plain["href"])).json()["words"] is None


async def test_setting_the_same_reminders_again_changes_nothing(user: User, stages: StandIn) -> None:
    reminders = {"reminders": [{"at": "2026-11-23T10:00:00Z"}]}
    task = await create(user, "Remember", **reminders)
    answer = await user.http.patch(task["href"], json=reminders, headers=WAIT)
    assert answer.json()["command"]["status"] == "nothing-to-do"


async def test_a_list_is_read_page_by_page_the_newest_first(user: User, stages: StandIn) -> None:
    titles = ["one", "two", "three", "four", "five"]
    for title in titles:
        await create(user, title)

    found, cursor = [], None
    for _ in range(3):
        page = (await user.http.get("/v1/tasks", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        found += [task["title"] for task in page["items"]]
        cursor = page["next"]

    assert found == titles[::-1]
    assert cursor is None


async def test_a_list_can_be_of_one_status_and_leaves_out_the_deleted(user: User, stages: StandIn) -> None:
    tasks = {title: await create(user, title) for title in ("open", "completed", "deleted")}
    await user.http.post(tasks["completed"]["href"] + "/complete", headers=WAIT)
    await user.http.delete(tasks["deleted"]["href"], headers=WAIT)

    async def titles(**parameters: str) -> set[str]:
        return {task["title"] for task in (await user.http.get("/v1/tasks", params=parameters)).json()["items"]}

    assert await titles() == {"open", "completed"}
    for status in ("open", "completed", "deleted"):
        assert await titles(filter=status) == {status}


async def test_the_history_of_a_task_says_who_changed_what(user: User, stages: StandIn) -> None:
    task = await create(user, "Draft")
    await user.http.patch(task["href"], json={"title": "Final"}, headers=WAIT)

    first, second = (await user.http.get(task["href"] + "/history")).json()["items"]

    assert (first["event"], second["event"]) == ("TaskCreated", "TaskUpdated")
    assert second["actor"] == f"user:{user.id}"
    assert {"field": "title", "before": "Draft", "after": "Final"} in second["changes"]
    assert second["previous"] == first["hash"]


async def test_the_history_shows_values_as_the_task_does(user: User, stages: StandIn) -> None:
    fields = {
        "priority": "high",
        "due": {"date": "2026-11-24", "time": "09:00:00", "zone": "Europe/Paris"},
        "recurrence": "FREQ=DAILY",
        "reminders": [{"before": "P1D"}, {"at": "2026-11-23T09:00:00Z"}],
    }
    task = await create(user, "Stand-up", **fields)
    await user.http.patch(task["href"], json={"due": fields["due"] | {"time": "10:00:00"}}, headers=WAIT)
    completed = (await user.http.post(task["href"] + "/complete", headers=WAIT)).json()["task"]

    created, moved, done = (await user.http.get(task["href"] + "/history")).json()["items"]

    after = {change["field"]: change["after"] for change in created["changes"]}
    assert {name: after[name] for name in fields} == fields
    assert (after["status"], after["created_at"]) == ("open", task["created_at"])
    assert [change["field"] for change in moved["changes"]] == ["due"]
    assert done["changes"] == [
        {"field": "status", "before": "open", "after": "completed"},
        {"field": "completed_at", "before": None, "after": completed["completed_at"]},
    ]


async def test_the_address_alone_leads_to_the_documentation(user: User) -> None:
    answer = await user.http.get("/", headers={"Authorization": ""})
    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")


async def test_the_history_is_read_page_by_page(user: User, stages: StandIn) -> None:
    task = await create(user, "Draft")
    await user.http.patch(task["href"], json={"title": "Final"}, headers=WAIT)

    page = (await user.http.get(task["href"] + "/history", params={"limit": 1})).json()
    rest = (await user.http.get(task["href"] + "/history", params={"cursor": page["next"]})).json()

    assert [entry["event"] for entry in page["items"] + rest["items"]] == ["TaskCreated", "TaskUpdated"]
    assert rest["next"] is None


async def test_the_occurrences_of_a_series_are_read_page_by_page_the_latest_first(user: User, stages: StandIn) -> None:
    series, other = str(uuid4()), str(uuid4())
    done, gone = Status.COMPLETED, Status.DELETED
    days = {"2026-11-23": done, "2026-11-24": gone, "2026-11-24T09:00:00": done, "2026-11-25T09:00:00": Status.OPEN}
    for occurrence, status in days.items():
        for of in (series, other):
            id_ = str(uuid4())
            task = Task(id_, user.id, "Stand-up", 0, 0, status=status, series=of, occurrence=occurrence)
            await stages.write(TaskCreated(id_, user.id, 0, "user:x", id_, task))
    alone = await create(user, "In no series")
    found = (await user.http.get("/v1/tasks", params={"filter": "open"})).json()["items"]
    [latest] = [task for task in found if task["series"] == series]

    read, cursor = list[dict[str, Any]](), dict[str, Any]()
    while cursor is not None:
        page = (await user.http.get(latest["href"] + "/series", params={"limit": 2, **cursor})).json()
        read += page["items"]
        cursor = {"cursor": page["next"]} if page["next"] else None

    assert [(task["occurrence"], task["status"]) for task in read] == [
        (occurrence, status.lower()) for occurrence, status in reversed(days.items())
    ]
    assert {task["series"] for task in read} == {series}
    assert (await user.http.get(alone["href"] + "/series")).json() == {"items": [], "next": None}
    assert (await user.http.get(f"/v1/tasks/{uuid4()}/series")).status_code == 404


async def test_reminders_are_read_by_their_instant(user: User, stages: StandIn) -> None:
    task, late, early = str(uuid4()), str(uuid4()), str(uuid4())
    await stages.write(
        ReminderScheduled(late, user.id, 0, str(uuid4()), task, "a", 2 * HOUR, "Later"),
        ReminderScheduled(early, user.id, 0, str(uuid4()), task, "b", HOUR, "Sooner"),
        ReminderDue(early, user.id, HOUR, str(uuid4()), task, "b", HOUR, "Sooner"),
    )

    items = (await user.http.get("/v1/reminders")).json()["items"]

    assert [(item["title"], item["status"]) for item in items] == [("Sooner", "due"), ("Later", "scheduled")]
    assert items[0]["due_at"] == "1970-01-01T01:00:00Z"
    assert items[0]["task"] == {"id": task, "href": f"/v1/tasks/{task}"}


async def test_a_notification_shows_each_step_of_its_delivery(user: User, stages: StandIn) -> None:
    reminder, command, task = str(uuid4()), str(uuid4()), str(uuid4())
    claim = Notification(reminder, user.id, HOUR, command, task, Step.CLAIMED, 1, "log", "Call", HOUR)
    sent = Notification(reminder, user.id, HOUR + 1500, command, task, Step.SENT, 1, "log", "Call", HOUR)
    await stages.write(claim, sent)

    (item,) = (await user.http.get("/v1/notifications")).json()["items"]

    assert (item["id"], item["status"]) == (reminder, "sent")
    assert [step["step"] for step in item["steps"]] == ["claimed", "sent"]
    assert item["steps"][1]["at"] == "1970-01-01T01:00:01.500000Z"


async def test_a_user_sees_nothing_of_another(new_user: Callable[[], User], stages: StandIn) -> None:
    owner, stranger = new_user(), new_user()
    task = await create(owner, "Private")
    command = (await owner.http.post(task["href"] + "/complete", headers=WAIT)).json()["command"]

    for path in (task["href"], task["href"] + "/history", command["href"]):
        assert (await stranger.http.get(path)).status_code == 404
    assert (await stranger.http.get("/v1/tasks")).json()["items"] == []
    assert (await stranger.http.post(task["href"] + "/complete", headers=WAIT)).status_code == 404


async def test_a_task_that_is_not_there_is_404(user: User) -> None:
    answer = await user.http.get(f"/v1/tasks/{uuid4()}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


async def test_readiness_names_every_part_without_a_token(api: str, user: User) -> None:
    answer = await user.http.get("/ready", headers={"Authorization": ""})
    assert answer.status_code == 200
    assert answer.json()["parts"] == {"broker": "ready", "registry": "ready", "postgres": "ready"}
    assert answer.json()["warnings"] == []
