"""Commands on a series as they are typed: the words for counting from completion, scopes, and what a deletion says."""

import pytest

from rondo.terminal import descriptions, repeats
from tests.unit.client.scripted import Says, Scripted
from tests.unit.client.tasks import SETTINGS, TASK
from tests.unit.typed import Type

ID = TASK["id"]
RECURRING = TASK | {
    "recurrence": "FREQ=DAILY;INTERVAL=3", "repeats": "completion", "missed": "latest", "rdates": ["2026-12-24"],
    "exdates": ["2026-12-25"], "status": "deleted", "completed_at": None, "closing": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "rule"),
    [
        ("every! 3 days", "FREQ=DAILY;INTERVAL=3"),
        ("every!day", "FREQ=DAILY"),
        ("every! mon, thu", "FREQ=WEEKLY;BYDAY=MO,TH"),
        ("every 2 weeks from completion", "FREQ=WEEKLY;INTERVAL=2"),
        ("monthly from completion", "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD"),
        ("FREQ=HOURLY;INTERVAL=8 from completion", "FREQ=HOURLY;INTERVAL=8"),
    ],
)
def test_words_say_that_a_rule_counts_from_completion(typed: str, rule: str) -> None:
    assert repeats.counted(typed) == (rule, True)


def test_other_words_count_by_the_schedule() -> None:
    assert repeats.counted("weekdays") == ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", False)


def test_what_is_no_rule_is_refused_with_and_without_completion() -> None:
    for typed in ("every! blue moon", "blue moon from completion"):
        with pytest.raises(ValueError, match="is not a repeat"):
            repeats.counted(typed)


def answer(status: str = "accepted") -> Says:
    return Says(200, {"command": {"id": ID, "href": "", "status": status}, "task": RECURRING})


def test_a_deletion_says_that_a_series_ends_and_how_it_comes_back(typed: Type) -> None:
    with Scripted(answer()) as api:
        status, out, _ = typed("delete", ID, api=api.url)
    assert status == 0
    assert out.endswith("; its series ends. `rondo undo` brings it back.\n")


def test_a_scope_is_sent_with_a_deletion_and_a_change(typed: Type) -> None:
    with Scripted(answer(), answer()) as api:
        typed("delete", ID, "--keep-parts", "--scope", "this", api=api.url)
        typed("edit", ID, "--title", "x", "--scope", "following", "--json", api=api.url)
        assert [one.path.partition("?")[2] for one in api.asked] == ["scope=this", "scope=following"]


def test_dates_of_a_rule_are_typed_as_a_due_is(typed: Type) -> None:
    with Scripted(answer()) as api:
        words = ("--exdate", "2027-01-04 9am", "--exdate", "20270105T090000", "--rdate", "2027-01-06T09:00+01:00")
        typed("edit", ID, *words, "--json", api=api.url)
        sent = {"exdates": ["2027-01-04T09:00", "20270105T090000"], "rdates": ["2027-01-06T08:00:00Z"]}
        assert api.asked[0].body == sent


@pytest.mark.parametrize("option", ["--exdate", "--rdate", "--on"])
def test_a_date_of_a_rule_needs_a_day(typed: Type, option: str) -> None:
    status, _, err = typed("edit", ID, "--title", "x", option, "9:00")
    assert (status, f"{option}: '9:00' needs a day." in err) == (2, True)


def test_an_unknown_scope_is_refused(typed: Type) -> None:
    status, _, err = typed("edit", ID, "--scope", "some", "--title", "x")
    assert (status, "--scope" in err) == (2, True)


def test_a_task_shows_what_it_recurs_by() -> None:
    due = {"date": "2026-12-08", "time": "09:00:00", "zone": "Europe/Paris"}
    upcoming = ({"due": due, "status": "upcoming"}, {"due": due | {"date": "2026-12-09"}, "status": "skipped"})
    around = descriptions.Around(words="Every third day, from completion", next=upcoming)  # type: ignore[arg-type]
    facts = dict(descriptions.facts(RECURRING, around))
    assert facts["repeat"] == "Every third day, from completion"
    assert facts["rule"] == "FREQ=DAILY;INTERVAL=3, also 2026-12-24, not 2026-12-25"
    assert facts["next"] == "2026-12-08 09:00, 2026-12-09 09:00 (skipped)"
    skipped = dict(descriptions.facts(RECURRING | {"status": "completed", "closing": "skipped"}))
    assert skipped["status"] == "skipped"


LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")


def shown_in(typed: Type, setting: str | None) -> str:
    """Show a task of a series, and return the address that its rule was read from."""
    nothing = Says(200, {"items": [], "next": None})
    coming = Says(200, {"words": "Jeden Tag", "items": [], "more": False})
    settings = Says(200, SETTINGS | {"language": setting})
    with Scripted(Says(200, TASK | {"list": None}), nothing, settings, coming) as api:
        _, out, _ = typed("show", ID, api=api.url)
    assert "repeat\tJeden Tag\n" in out
    return api.asked[-1].path


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ({"LANG": "de_AT.UTF-8"}, "de"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8", "LC_ALL": "de"}, "de"),
        ({}, "en"),
    ],
    ids=str,
)
def test_a_series_is_shown_in_the_language_of_the_terminal(
    typed: Type, locale: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in LOCALES:
        monkeypatch.setenv(name, locale.get(name, ""))
    assert f"language={language}" in shown_in(typed, setting=None)
    _, out, _ = typed("occurrences", "daily", "--start", "2026-01-31", "--json")
    assert ('"Jeden Tag"' in out) == (language == "de")


@pytest.mark.parametrize(("locale", "language"), [("de_AT.UTF-8", "en"), ("en_GB.UTF-8", "de")])
def test_a_language_that_was_set_comes_before_that_of_the_terminal(
    typed: Type, locale: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in LOCALES:
        monkeypatch.setenv(name, locale)
    assert f"language={language}" in shown_in(typed, setting=language)
