"""A reminder goes out to a webhook under its own id, and is tried again where that fails."""

from tests.acceptance.days import WAIT, ahead, sent
from tests.acceptance.stack import User, until
from tests.receiver import Receiver


def remind(user: User, title: str) -> str:
    """Create a task with a reminder in a moment; return its id."""
    return str(user.rondo.create(title, reminders=[{"at": ahead(1.5).isoformat()}], wait=WAIT)["task"]["id"])


def test_a_reminder_is_posted_once_as_json_under_its_id(user: User, receiver: Receiver) -> None:
    task = remind(user, "Ring the bell")
    notification = sent(user, task)
    (reminder,) = user.rondo.reminders()
    (post,) = receiver.of(task)
    assert post.key == post.body["id"] == reminder["id"] == notification["id"]
    assert post.media == "application/json"
    assert (post.body["title"], post.body["user"], post.body["attempt"]) == ("Ring the bell", user.id, 1)
    assert [(step["step"], step["channel"]) for step in notification["steps"]] == [
        ("claimed", "webhook"),
        ("sent", "webhook"),
    ]


def test_a_reminder_that_is_refused_is_reported_as_failed_and_sent_again_under_the_same_id(
    user: User, receiver: Receiver
) -> None:
    receiver.refusing.add(title := f"Refused once, by {user.id}")
    task = remind(user, title)

    def failed() -> list[dict[str, str]]:
        return [step for n in user.rondo.notifications() for step in n["steps"] if step["step"] == "failed"]

    (failure,) = until(failed, 30, "The failure was not told.")
    notification = sent(user, task)

    assert "500" in failure["detail"]
    assert failure["retry_at"] > failure["at"]
    steps = [(step["step"], step["attempt"]) for step in notification["steps"]]
    assert steps == [("claimed", 1), ("failed", 1), ("claimed", 2), ("sent", 2)]
    assert [post.key for post in receiver.of(task)] == [notification["id"]] * 2
