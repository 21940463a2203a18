"""`rondo occurrences`: one local time a line, or status 2 and one sentence."""

import json
from datetime import datetime

import pytest

from domain.times import zone
from tests.unit.typed import Type

START = ("--start", "2026-01-31T09:00")


def test_it_prints_one_local_time_a_line(typed: Type) -> None:
    words = ("FREQ=MONTHLY", *START, "--zone", "Europe/Paris", "-n", "3", "--exdate", "2026-03-31T09:00")
    status, out, err = typed("occurrences", *words, "--rdate", "2026-02-14T09:00,2026-02-15T09:00")
    assert (status, err) == (0, "")
    assert out == "2026-01-31T09:00:00\n2026-02-14T09:00:00\n2026-02-15T09:00:00\n"


def test_a_word_is_a_rule_and_a_date_has_no_time(typed: Type) -> None:
    assert typed("occurrences", "weekdays", "--start", "2026-01-30", "-n", "2")[1] == "2026-01-30\n2026-02-02\n"


def test_starts_and_dates_are_typed_as_a_due_is(typed: Type) -> None:
    begin = ("--start", "2026-12-05 9am", "--zone", "Asia/Tokyo")
    words = ("--exdate", "2026-12-06 9:00", "--rdate", "2026-12-05T20:00Z")
    assert typed("occurrences", "FREQ=DAILY;COUNT=3", *begin, *words)[1] == (
        "2026-12-05T09:00:00\n2026-12-06T05:00:00\n2026-12-07T09:00:00\n"
    )


def test_without_a_start_it_begins_today(typed: Type) -> None:
    days = {datetime.now(zone("Asia/Tokyo")).date().isoformat()}
    _, out, _ = typed("occurrences", "daily", "-n", "1", "--zone", "Asia/Tokyo")
    assert out.strip() in days | {datetime.now(zone("Asia/Tokyo")).date().isoformat()}  # midnight may have passed


def test_a_terminal_has_words_and_reasons_beside_them(typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    words = ("FREQ=MONTHLY;SKIP=BACKWARD", *START, "-n", "2", "--language", "de")
    status, out, err = typed("occurrences", *words)
    assert (status, out) == (0, "2026-01-31T09:00:00\n2026-02-28T09:00:00\n")
    assert err == (
        "Jeden Monat am 31. um 09:00 Uhr, oder am letzten Tag davor, wo es ihn nicht gibt\n"
        "2026-02-28T09:00:00: Februar 2026 hat keinen Tag 31.\n"
    )


def test_json_has_all_of_it(typed: Type) -> None:
    found = json.loads(typed("occurrences", "daily", *START, "-n", "1", "--zone", "UTC", "--json")[1])
    assert (found["rule"], found["words"], found["ended"]) == ("FREQ=DAILY", "Every day at 09:00, UTC", False)
    assert found["occurrences"][0]["at"] == "2026-01-31T09:00:00Z"


@pytest.mark.parametrize(
    "words",
    [
        ("FREQ=DAILY;NO=1", *START),
        ("FREQ=DAILY;RSCALE=HEBREW", *START),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", *START),
        ("daily", *START, "--zone", "Mars"),
        ("daily", "--zone", "Mars"),
        ("daily", "--start", "2026-02-30"),
        ("daily", *START, "--exdate", "2026-02-01"),
        ("daily", *START, "--exdate", "9:00"),
        ("daily", "--start", "some day"),
        ("daily", *START, *["--exdate=2026-02-01T09:00"] * 501),
        ("biweekly", *START),
    ],
    ids=lambda words: str(words)[:60],
)
def test_what_is_not_right_is_status_2_and_one_line(typed: Type, words: tuple[str, ...]) -> None:
    status, out, err = typed("occurrences", *words)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert err[0].isupper() or err[0] in "'2"


def test_a_rule_that_is_counted_from_completion_has_no_dates_to_print(typed: Type):
    status, out, err = typed("occurrences", "every! 3 days", "--start", "2026-01-31")
    assert (status, out, len(err.splitlines())) == (2, "", 1)
