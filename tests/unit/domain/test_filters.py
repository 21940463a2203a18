"""What filters say, and which tasks they find."""

from datetime import timedelta
from unicodedata import normalize

import pytest
import regex
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.folding import fold
from domain.query import Clock, TaskList, matches, parse, without_deleted
from domain.query.tree import QUOTES, Text, every, some
from domain.times import instant
from schemas.records import Closing, Due, Priority, Recurrence, Status, Task
from tests.unit.domain.filtering import DAY, IDS, LISTS, NOON, a_task, clocks, filters, tasks, texts

NOW = Clock(NOON, "UTC")  # Tuesday, 24 November 2026
A_TASK = a_task()
AT_NINE = Due("2026-11-24", "09:00:00")


def finds(text: str, task: Task, clock: Clock = NOW, on: TaskList | None = None) -> bool:
    return matches(parse(text), task, clock, on)


def due(*when: str) -> Task:
    return a_task(due=Due(*when))


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("overdue AND (pinned Or open)", "overdue and (pinned or open)"),
        ("#a || #b | #c", "#a or #b or #c"),
        ("#a & #b | #c && !#d || not #e", "#a and #b or #c and not #d or not #e"),
        ("#a and (#b and (#c and #d))", "#a and #b and #c and #d"),
        ("not (not overdue)", "overdue"),
        ("not (#a or #b)", "not (#a or #b)"),
        ('Tags IN (home, home, "deep work")', 'tags in (home, "deep work")'),
        ("tag = home", "#home"),
        ("tags not in (a, b)", "not tags in (a, b)"),
        ('#"deep work"', '#"deep work"'),
        ('tag = "in"', '#"in"'),
        ("list = Inbox", "list = Inbox"),
        ("list in (inbox, Work)", "list in (inbox, Work)"),
        ("priority in (high, URGENT)", "priority = high or priority = urgent"),
        ("priority != none", "not priority = none"),
        ("no priority", "priority = none"),
        ("status != deleted", "not deleted"),
        ("recurring", "recurring"),
        ("Skipped or MISSED", "skipped or missed"),
        ("no recurrence", "no recurrence"),
        ("not has due", "no due"),
        ("not no due", "has due"),
        ("due<TODAY", "due < today"),
        ("due >= fri", "due >= friday"),
        ("due <= +3m", "due <= today+3m"),
        ("due == today+0d", "due = today"),
        ("due <> now-90min", "not due = now-90min"),
        ("due = 2026-12-01t09:00", "due = 2026-12-01T09:00"),
        ("due = 2026-12-01T09:00:30", "due = 2026-12-01T09:00:30"),
        ("completed or completed > yesterday", "completed or completed > yesterday"),
        ('title ~ milk and notes !~ "a \\"b\\" \\\\ \\n"', 'title ~ milk and not notes ~ "a \\"b\\" \\\\ \\n"'),
        ('"buy milk"', '"buy milk"'),
        ("title ~ android or title ~ nothing", "title ~ android or title ~ nothing"),
        (f"parent = {IDS[0].upper()}", f"parent = {IDS[0]}"),
        ("\n overdue\tand\r\npinned ", "overdue and pinned"),
    ],
)
def test_a_filter_is_printed_in_one_form(text, printed):
    assert str(parse(text)) == printed


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("“buy milk”", '"buy milk"'),
        ("title ~ „Milch kaufen“ and open", 'title ~ "Milch kaufen" and open'),
        ("title ~ ”köpa mjölk”", 'title ~ "köpa mjölk"'),
        ("(notes ~ «acheter du lait»)", 'notes ~ "acheter du lait"'),
        ("title ~ «\u00a0acheter du lait\u202f» or #« maison »", 'title ~ "acheter du lait" or #maison'),
        ("list = ‹\u2009Deep work\u2009›", 'list = "Deep work"'),
        ("title ~ “ milk ”", 'title ~ " milk "'),
        ("title in (»a b«,‹c d›)", 'title in ("a b", "c d")'),
        ("tag = ‘deep work’ or #“deep work”", '#"deep work" or #"deep work"'),
        ("title ~ 「牛乳 を」", 'title ~ "牛乳 を"'),
        ("“say \\“hi\\””|“milk”", '"say “hi”" or "milk"'),
        ("title ~ “and”", 'title ~ "and"'),
        ("title ~ “don’t stop”", 'title ~ "don’t stop"'),
    ],
)
def test_typographic_quotes_are_quotes(written, meant):
    assert parse(written) == parse(meant)


def test_all_of_unicodes_quotation_marks_are_quotes():
    marks = set(regex.findall(r"\p{Quotation_Mark}", "".join(map(chr, range(0x110000)))))
    assert marks - {'"', "'", "\uff07"} == set(QUOTES)  # an apostrophe is a letter, here as in ASCII
    for mark in QUOTES:
        assert parse(f"title ~ {mark}a b{mark} and #{mark}c d{mark}") == parse('title ~ "a b" and #"c d"')


@pytest.mark.parametrize("word", ["don’t", "5”", "a“b”c", "rock’n’roll"])
def test_a_typographic_quote_within_a_word_or_at_its_end_is_a_letter(word):
    assert parse(f"title ~ {word} and #{word}") == parse(f'title ~ "{word}" and #"{word}"')


@pytest.mark.parametrize("letter", ["a", "\u337f", "\ufdfa", "ß"])
def test_a_task_is_found_by_the_whole_of_its_title_and_its_notes_however_long_they_become(letter):
    task = a_task(title=letter * 500, notes=letter * 1900)
    assert finds(f'title = "{task.title}"', task)
    assert finds(f'notes = "{task.notes}"', task)
    assert not finds(f'title = "{task.title[:10]}"', task)


@given(filters)
def test_the_printed_form_reads_as_the_same_filter(filter_):
    assert parse(str(filter_)) == filter_


def test_a_filter_that_was_read_lately_is_not_read_again():
    assert parse("due < today and #home") is parse("due < today and #home")


@given(texts)
def test_a_value_in_quotes_is_read_as_it_was_written(text):
    assert parse(str(Text("title", text))) == Text("title", text)


def test_a_value_is_brought_into_the_composed_form():
    assert parse("title ~ cafe\u0301") == Text("title", "café")


@given(filters, tasks, clocks)
def test_a_filter_or_its_negation_finds_a_task(filter_, task, clock):
    assert matches(filter_, task, clock) != finds(f"not ({filter_})", task, clock)


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("open", A_TASK),
        ("completed", a_task(status=Status.COMPLETED)),
        ("status in (deleted, completed)", a_task(status=Status.DELETED)),
        ("skipped", a_task(status=Status.COMPLETED, closing=Closing.SKIPPED)),
        ("missed or completed", a_task(status=Status.COMPLETED, closing=Closing.MISSED)),
        ("completed and not skipped and not missed", a_task(status=Status.COMPLETED)),
        ("not skipped", a_task(status=Status.DELETED, closing=Closing.SKIPPED)),
        ("pinned", a_task(pinned=True)),
        ("recurring", a_task(recurrence=Recurrence("FREQ=DAILY", AT_NINE))),
        ("priority >= high", a_task(priority=Priority.URGENT)),
        ("priority < low", A_TASK),
        ("priority = medium", a_task(priority=Priority.MEDIUM)),
        ("no due and no start and no tags and no list and no notes and no parent and no priority", A_TASK),
        ("has notes and has tags", a_task(notes="x", tags=("home",))),
        ("#home", a_task(tags=("home", "work"))),
        ("tags in (Work, play)", a_task(tags=("home", "work"))),
        ("tags != play", A_TASK),
        ("title ~ MILK", A_TASK),
        ('title = "buy milk"', A_TASK),
        ('"müller"', a_task(notes="ask Muller")),
        ("title ~ strasse", a_task(title="Lange Straße")),
        ("title ~ ΟΔΟΣ", a_task(title="οδός")),
        ('title ~ "100%"', a_task(title="be 100% sure")),
        (f"parent in ({IDS[0]}, {IDS[1]})", a_task(parent=IDS[1])),
        (f"series = {IDS[0]}", a_task(series=IDS[0])),
        ("list = inbox", A_TASK),
        ("created = today and changed <= now and not changed < now", A_TASK),
        ("completed > yesterday", a_task(completed_at=NOON)),
    ],
)
def test_a_filter_finds_a_task(text, task):
    assert finds(text, task)


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("open", a_task(status=Status.DELETED)),
        ("completed", A_TASK),
        ("priority > medium", a_task(priority=Priority.MEDIUM)),
        ("has due", A_TASK),
        ("#hom", a_task(tags=("home",))),
        ("title = milk", A_TASK),
        ('"milk tea"', a_task(title="milk", notes="tea")),
        ("title ~ b%k", A_TASK),
        ("title ~ か", a_task(title="が")),
        ("completed <= now", A_TASK),
        ("due < tomorrow", A_TASK),
    ],
)
def test_a_filter_leaves_a_task_out(text, task):
    assert not finds(text, task)


@pytest.mark.parametrize(
    "text",
    [
        "#home",
        "overdue",
        "overdue or #home",
        "#home or completed",
        "not completed",
        "status != open",
        "not (completed or pinned)",
    ],
)
def test_a_filter_that_does_not_name_the_deleted_finds_none_of_them(text):
    filter_, fields = without_deleted(parse(text)), {"due": Due("2026-11-23"), "tags": ("home",)}
    assert not matches(filter_, a_task(status=Status.DELETED, **fields), NOW)
    assert any(matches(filter_, a_task(status=status, **fields), NOW) for status in (Status.OPEN, Status.COMPLETED))


@pytest.mark.parametrize("text", ["deleted", "deleted or overdue", "#home and not (open or deleted) or deleted"])
def test_a_filter_that_names_the_deleted_finds_them(text):
    assert matches(without_deleted(parse(text)), a_task(status=Status.DELETED), NOW)


@given(filters, tasks, clocks)
def test_of_tasks_that_are_not_deleted_a_list_shows_what_its_filter_finds(filter_, task, clock):
    assume(task.status is not Status.DELETED)
    assert matches(without_deleted(filter_), task, clock) == matches(filter_, task, clock)


@given(filters, tasks, clocks)
def test_a_filter_that_says_deleted_is_used_as_it_is_written(filter_, task, clock):
    named = every((filter_, some((parse("deleted"), parse("not deleted")))))
    assert matches(without_deleted(named), task, clock) == matches(named, task, clock)


@given(filters, tasks, clocks)
def test_no_filter_without_the_word_finds_a_deleted_task(filter_, task, clock):
    assume("deleted" not in str(filter_))
    assert task.status is not Status.DELETED or not matches(without_deleted(filter_), task, clock)


@pytest.mark.parametrize(("status", "found"), [(Status.OPEN, True), (Status.COMPLETED, True), (Status.DELETED, False)])
def test_a_parent_that_was_deleted_is_none(status, found):
    part, parent = a_task(parent=IDS[0]), a_task(id=IDS[0], status=status)
    assert matches(parse("has parent"), part, NOW, below=parent) is found
    assert matches(parse("no parent"), part, NOW, below=parent) is not found
    assert matches(parse("no parent"), part, NOW)  # it is gone for good
    assert matches(parse(f"parent = {IDS[0]}"), part, NOW, below=parent)


def test_a_list_without_a_filter_shows_all_but_the_deleted():
    assert [status for status in Status if matches(without_deleted(None), a_task(status=status), NOW)] == [
        Status.OPEN,
        Status.COMPLETED,
    ]


def test_a_list_is_found_by_its_name_or_its_id():
    assert finds('list = "deep WORK"', A_TASK, on=LISTS[0])
    assert finds(f"list = {LISTS[0].id.upper()}", A_TASK, on=LISTS[0])
    assert not finds("list in (deep, inbox)", A_TASK, on=LISTS[0])


@pytest.mark.parametrize("name", ["Inbox", "inbox", '"INBOX"'])
def test_a_list_called_inbox_is_found_by_its_name(name):
    [called] = [each for each in LISTS if each.name == "Inbox"]
    for found in (called, None):
        assert finds(f"list = {name}", A_TASK, on=found)
        assert finds(f"list in (Café, {name})", A_TASK, on=found)
        assert not finds(f"list != {name}", A_TASK, on=found)
    assert not any(finds(f"list = {name}", A_TASK, on=other) for other in LISTS if other != called)
    assert finds("no list", A_TASK)
    assert not finds("no list", A_TASK, on=called)


@pytest.mark.parametrize(
    "text", ["not due < today", "not due >= today", "due != today", "not overdue", "not completed > now"]
)
def test_a_comparison_with_what_is_not_there_is_false_and_its_negation_true(text):
    assert finds(text, A_TASK)


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("today", 0),
        ("tomorrow", 1),
        ("yesterday", -1),
        ("wednesday", 1),
        ("mon", 6),
        ("tue", 7),  # today is one: the next
        ("today+7d", 7),
        ("today-2w", -14),
        ("+10d", 10),
        ("+0d", 0),
        ("tomorrow-1d", 0),
        ("+1m", 30),
        ("-1y", -365),
        ("now+1d", 1),
        ("2026-12-01", 7),
        ("2026-12-01T09:00", 7),
    ],
)
def test_a_date_is_counted_from_today(written, days):
    day = str((NOW.local + timedelta(days=days)).date())
    assert finds(f"due >= {written} or due = {written}", due(day, "12:00:00"))
    assert not finds(f"due > {written}", due(str((NOW.local + timedelta(days=days - 1)).date())))
    assert not finds(f"due < {written}", due(day, "12:00:00"))


@pytest.mark.parametrize(
    ("today", "written", "day"),
    [
        ("2027-01-31", "+1m", "2027-02-28"),
        ("2028-02-29", "+1y", "2029-02-28"),
        ("2026-12-31", "+2m", "2027-02-28"),
        ("2026-03-31", "-1m", "2026-02-28"),
        ("2026-11-24", "+9999y", "9998-12-31"),
        ("2026-11-24", "-9999m", "1970-01-01"),
    ],
)
def test_months_end_where_the_calendar_does(today, written, day):
    assert finds(f"due = {written}", due(day), Clock(instant(Due(today, "12:00:00", "UTC")), "UTC"))


@pytest.mark.parametrize("name", ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])
def test_a_weekday_is_within_the_next_seven_days(name):
    found = [days for days in range(9) if finds(f"due = {name}", due(str((NOW.local + timedelta(days=days)).date())))]
    assert len(found) == 1
    assert found[0] in range(1, 8)


def test_a_saved_filter_moves_with_the_days():
    later = Clock(NOON + DAY, "UTC")
    assert finds("due = today", due("2026-11-24"))
    assert not finds("due = today", due("2026-11-24"), later)
    assert finds("due = today", due("2026-11-25"), later)


@pytest.mark.parametrize(
    ("zone", "found"),
    [("UTC", True), ("America/New_York", True), ("Asia/Kathmandu", False), ("Pacific/Kiritimati", False)],
)
def test_a_time_in_a_zone_is_due_on_the_day_that_the_user_sees(zone, found):
    late = due("2026-11-24", "20:00:00", "Europe/Lisbon")  # 01:45 on the 25th in Kathmandu
    assert finds("due = 2026-11-24", late, Clock(NOON, zone)) == found


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Niue", "Pacific/Kiritimati"])
@pytest.mark.parametrize("when", [("2026-11-24",), ("2026-11-24", "23:00:00")])
def test_what_has_no_zone_is_due_on_its_own_day(zone, when):
    assert finds("due = 2026-11-24", due(*when), Clock(NOON, zone))


def test_a_time_covers_what_was_written_of_it():
    assert finds("due = 2026-11-24T09:00", due("2026-11-24", "09:00:59"))
    assert not finds("due = 2026-11-24T09:00:00", due("2026-11-24", "09:00:59"))
    assert finds("due > 2026-11-24T09:00", due("2026-11-24", "09:01:00"))
    assert not finds("due > 2026-11-24T09:00", due("2026-11-24", "09:00:59"))


def test_a_day_counts_as_its_midnight_beside_a_time():
    assert finds("due < 2026-11-24T09:00", due("2026-11-24"))
    assert finds("due = 2026-11-24T00:00", due("2026-11-24"))


def test_a_floating_time_is_compared_as_it_reads_on_the_wall():
    in_paris = Clock(NOON, "Europe/Paris")  # where it is 13:00
    assert finds("due > now", due("2026-11-24", "13:00:01"), in_paris)
    assert finds("due < now", due("2026-11-24", "12:59:59"), in_paris)


def test_a_day_that_begins_in_a_gap_begins_after_it():
    beirut = Clock(NOON, "Asia/Beirut")  # there midnight of 29 March 2026 was skipped
    assert finds("due = 2026-03-29", due("2026-03-28", "22:00:00", "UTC"), beirut)
    assert not finds("due = 2026-03-29", due("2026-03-28", "21:59:59", "UTC"), beirut)


@pytest.mark.parametrize(
    ("when", "over"),
    [
        (("2026-11-23",), True),
        (("2026-11-24",), False),
        (("2026-11-24", "11:59:00"), True),
        (("2026-11-24", "12:00:00"), False),
        (("2026-11-24", "12:30:00", "Europe/Paris"), True),
        (("2026-11-24", "06:30:00", "America/New_York"), True),
        (("2026-11-24", "07:30:00", "America/New_York"), False),
    ],
)
def test_a_task_is_overdue_when_its_day_or_its_time_is_over(when, over):
    assert finds("overdue", due(*when)) == over


def test_a_completed_task_is_not_overdue():
    assert not finds("overdue", a_task(due=Due("2026-11-01"), status=Status.COMPLETED))


@given(texts)
def test_folding_twice_changes_nothing_more(text):
    assert fold(fold(text)) == fold(text)


@given(texts)
def test_the_form_of_a_text_does_not_matter(text):
    assert fold(normalize("NFD", text)) == fold(text)


def test_folding_any_letter_twice_changes_nothing_more():
    letters = [chr(code) for code in range(ord(" "), 0x32000)]
    folded = fold("\n".join(letters))  # at once, since each by itself takes half a minute
    assert fold(folded) == folded
    parted = {len(each.split()) for each, letter in zip(folded.split("\n"), letters, strict=True) if " " in each[1:]}
    assert parted == {2, 4}  # letters that are a phrase, and no others, hold a space


@given(st.text(st.characters(max_codepoint=0x36F)))
def test_latin_text_is_folded_as_in_any_other_text(text):
    assert f"{fold(text)} 文" == fold(f"{text} 文")


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Buy MILK", "buy milk"),
        ("Café ÅNGSTRÖM", "cafe angstrom"),
        ("Straße", "strasse"),
        ("ΟΔΌΣ", "οδοσ"),
        ("İstanbul ısı", "istanbul isi"),  # noqa: RUF001 - Turkish
        ("Łódź Øresund Ægir", "lodz oresund aegir"),
        ("Ёлка", "елка"),
        ("が 각", "が 각"),
        ("\uff26\uff35\uff2c\uff2c \ufb01le", "full file"),
        ("H₂O, 55 m², ½", "h2o, 55 m2, 1⁄2"),  # noqa: RUF001 - a fraction slash
        ("ｶﾞｽ", "ガス"),
    ],
)
def test_case_and_accents_are_folded(text, folded):
    assert fold(text) == folded
