"""What clients send, as it becomes records."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.http.problems import Problem
from api.models import inputs
from api.models.inputs import (
    Changes,
    Due,
    NewTask,
    Reminder,
    changed,
    checked,
    days_and_seconds,
    duration,
    fields,
    fingerprint,
    milliseconds,
)
from api.models.outputs import when_members


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("PT0S", (0, 0)),
        ("PT15M", (0, 900)),
        ("PT1H30M", (0, 5400)),
        ("P1D", (1, 0)),
        ("P2W", (14, 0)),
        ("P1DT1S", (1, 1)),
    ],
)
def test_a_duration_is_days_and_exact_seconds(text: str, length: tuple[int, int]) -> None:
    assert days_and_seconds(text) == length


@pytest.mark.parametrize("text", ["", "P", "PT", "P1DT", "15M", "P1Y", "P1M", "-PT1M", "PT1.5S", "PT1M1H", "pt1m", 900])
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        days_and_seconds(text)


@given(st.integers(0, 10**4), st.integers(0, 10**9))
def test_a_duration_that_was_written_is_read_as_the_same(days: int, rest: int) -> None:
    assert days_and_seconds(duration(rest, days)) == (days, rest)


@pytest.mark.parametrize(("text", "exact", "days"), [("P1D", None, 1), ("P7D", None, 7), ("PT24H", 86_400, 0)])
def test_a_reminder_is_repeated_by_days_or_exactly(text: str, exact: int | None, days: int) -> None:
    body = Changes.model_validate({"reminders": [{"before": "PT0S", "repeat_every": text}]})
    [reminder] = checked(body, strict=True).reminders
    assert (reminder.repeat_every, reminder.repeat_days) == (exact, days)
    assert when_members(reminder)["repeat_every"] == text


@pytest.mark.parametrize("text", ["P1DT2H", "P0D", "PT0S", "PT59S", "P367D"])
def test_a_reminder_is_not_repeated_by_both_nor_too_often_nor_too_seldom(text: str) -> None:
    body = Changes.model_validate({"reminders": [{"before": "PT0S", "repeat_every": text}]})
    with pytest.raises(Problem, match="repeat"):
        checked(body, strict=True)


def test_an_instant_is_the_same_in_every_offset() -> None:
    assert milliseconds("2026-11-23T09:00:00Z") == milliseconds("2026-11-23T10:30:00+01:30") == 1_795_424_400_000


@pytest.mark.parametrize("text", ["2026-11-23", "2026-11-23T09:00Z", "1795424400", "2026-02-30T09:00:00Z", "", None, 1])
def test_what_is_no_instant_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="not an instant"):
        milliseconds(text)


def test_a_change_sets_exactly_the_fields_that_it_names() -> None:
    body = Changes.model_validate({"recurrence": None, "title": "x"})
    assert set(changed(body)) == {"title", "rrule"}
    assert (fields(body).title, fields(body).rrule) == ("x", None)


def test_null_clears_a_field() -> None:
    names = ("notes", "priority", "tags", "due", "recurrence", "reminders")
    cleared = fields(Changes.model_validate(dict.fromkeys(names)))
    assert cleared == fields(Changes())


def test_reminders_that_say_the_same_are_one() -> None:
    due = Due(date="2026-11-24", time="09:00", zone="UTC")
    body = NewTask(
        title="x", due=due, reminders=[Reminder(before="PT60M"), Reminder(before="PT1H"), Reminder(before="PT2H")]
    )  # type: ignore[arg-type]
    assert [reminder.before for reminder in checked(body).reminders] == [3600, 7200]


@pytest.mark.parametrize("body", [{"title": "x", "done": True}, {"title": "x", "tags": "shop"}, {"title": b"x"}])
def test_types_are_not_guessed_nor_fields_ignored(body: object) -> None:
    with pytest.raises(ValidationError):
        inputs.NewTask.model_validate(body)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"title": "x", "due": "2026-12-01"}, r'Write an object like {"date": "2026-12-01"}\.'),
        ({"title": "x", "reminders": ["PT15M"]}, r'Write an object like {"before": "PT15M"} or'),
    ],
)
def test_what_should_be_an_object_is_refused_with_an_example(body: object, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        NewTask.model_validate(body)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"title": "x" * 70_000}, "title: A title has 1 to 500 characters."),
        ({"title": "x", "tags": [str(n) for n in range(1001)]}, "tags: A task has at most 50 tags."),
        ({"title": "x", "tags": ["a", "x" * 1001]}, "tags.1: A tag has 1 to 64 characters."),
        ({"title": "x", "recurrence": "x" * 4097}, "recurrence: A rule is one line of at most 4096 ASCII"),
    ],
)
def test_a_refusal_names_the_limit_that_counts(body: object, says: str) -> None:
    with pytest.raises(Problem) as refused:
        checked(NewTask.model_validate(body))
    assert str(refused.value.detail).startswith(says)


def test_a_fingerprint_does_not_depend_on_the_order_of_fields() -> None:
    one = NewTask.model_validate({"title": "x", "notes": "y"})
    other = NewTask.model_validate({"notes": "y", "title": "x"})
    assert fingerprint("POST", "/v1/tasks", one) == fingerprint("POST", "/v1/tasks", other)


def test_a_fingerprint_tells_requests_apart() -> None:
    absent, cleared = Changes.model_validate({"title": "x"}), Changes.model_validate({"title": "x", "notes": None})
    requests = [("PATCH", "/v1/tasks/1", absent), ("PATCH", "/v1/tasks/1", cleared), ("PATCH", "/v1/tasks/2", absent)]
    assert len({fingerprint(*request) for request in requests}) == 3
