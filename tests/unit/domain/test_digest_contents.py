"""What a digest tells: each task once, under the heading of its due or start, in the user's zone."""

from domain import digest_contents, message_words
from domain.digest_contents import Contents, Item
from schemas import records as r
from tests.unit.domain.given import a_task

DAY = "2026-11-24"
TASKS = (
    a_task("a", title="Rent", due=r.Due("2026-11-20")),
    a_task("b", title="Call", due=r.Due("2026-11-23", "22:00:00", "America/New_York")),
    a_task("c", title="Water", due=r.Due(DAY), start=r.Due(DAY)),
    a_task("d", title="Report", due=r.Due("2026-12-01"), start=r.Due(DAY)),
    a_task("e", title="Paint", start=r.Due(DAY)),
)


def test_a_task_is_under_its_due_or_else_under_its_start_by_the_days_of_the_zone():
    found = digest_contents.contents(DAY, "Europe/Paris", TASKS, 7)
    assert found == Contents(
        DAY,
        overdue=(Item("a", "Rent", "2026-11-20"),),
        due=(Item("b", "Call", "2026-11-24T04:00:00"), Item("c", "Water", DAY)),
        starts=(Item("d", "Report", "2026-12-01"), Item("e", "Paint", None)),
        more=2,
    )
    assert digest_contents.contents(DAY, None, TASKS[1:2], 1).due == (Item("b", "Call", "2026-11-24T03:00:00"),)


def test_its_text_has_a_line_for_each_task_and_the_number_of_the_others():
    found = digest_contents.contents(DAY, "Europe/Paris", TASKS, 7)
    assert digest_contents.text(found, message_words.of("en")).splitlines() == [
        "Overdue:", "- Rent (2026-11-20)", "",
        "Due today:", "- Call (04:00)", "- Water", "",
        "Starts today:", "- Report (2026-12-01)", "- Paint", "",
        "… and 2 more.",
    ]  # fmt: skip


def test_its_text_is_in_the_language_of_its_user():
    found = digest_contents.contents(DAY, "Europe/Paris", TASKS[2:4], 3)
    assert digest_contents.text(found, message_words.of("de")).splitlines() == [
        "Heute fällig:", "- Water", "", "Beginnt heute:", "- Report (2026-12-01)", "", "… und 1 weitere.",
    ]  # fmt: skip


def test_without_a_language_it_is_in_english():
    assert message_words.of(None) == message_words.of("en") != message_words.of("de")


def test_its_json_has_the_same():
    assert digest_contents.body(digest_contents.contents(DAY, None, TASKS[:1], 1)) == {
        "day": DAY,
        "overdue": [{"id": "a", "title": "Rent", "due": "2026-11-20"}],
        "due": [],
        "starts": [],
        "more": 0,
    }
