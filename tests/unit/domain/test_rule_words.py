"""Rules in words, in English and German: rules that differ differ in words."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from domain.recurrence.rule import parse
from domain.recurrence.rule_words import LANGUAGES, describe, describe_series
from schemas.records import Due, Missed, Recurrence, Repeats
from tests.unit.domain.test_occurrences_oracle import readable, rules, skips

PARIS = Due("2026-01-31", "09:00:00", "Europe/Paris")
NINE = Due("2026-01-31", "09:00:00")
SAID = [
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", PARIS, "completion",
     "Every second Tuesday at 09:00, Paris time, from completion",
     "Jeden zweiten Dienstag um 09:00 Uhr, Zeit in Paris, ab Erledigung"),
    ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", NINE, "schedule",
     "Every week from Monday to Friday at 09:00", "Jede Woche von Montag bis Freitag um 09:00 Uhr"),
    ("FREQ=MONTHLY;SKIP=BACKWARD", NINE, "calendar",
     "Every month on the 31st at 09:00, or the last day before it where there is none, completed or not",
     "Jeden Monat am 31. um 09:00 Uhr, oder am letzten Tag davor, wo es ihn nicht gibt, erledigt oder nicht"),
    ("FREQ=MONTHLY;BYDAY=2TU,-1FR", None, "schedule",
     "Every month on the second Tuesday and the last Friday of the month",
     "Jeden Monat am zweiten Dienstag und dem letzten Freitag des Monats"),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", None, "schedule",
     "Every month on every day from Monday to Friday, of these only the last",
     "Jeden Monat an jedem Tag von Montag bis Freitag, davon nur den letzten Termin"),
    ("FREQ=YEARLY", Due("2024-02-29"), "schedule", "Every year on 29 February", "Jedes Jahr am 29. Februar"),
    ("FREQ=YEARLY;BYWEEKNO=20,-1;BYDAY=MO;WKST=SU;COUNT=3", None, "schedule",
     "Every year in the 20th and the last week of the year on every Monday, with weeks from Sunday, 3 times",
     "Jedes Jahr in der 20. und letzten Woche des Jahres an jedem Montag, mit Wochen ab Sonntag, 3-mal"),
    ("FREQ=HOURLY;INTERVAL=3;BYHOUR=9,10,11,12,15", NINE, "schedule",
     "Every third hour, only in hours 9 to 12 and 15", "Jede dritte Stunde, nur in den Stunden 9 bis 12 und 15"),
    ("FREQ=DAILY;BYMONTH=1;BYMONTHDAY=1,2,3,-1;UNTIL=20301231T230000", NINE, "schedule",
     ("Every day at 09:00, only on the 1st to the 3rd and the last day of the month, only in January, "
     "until 31 December 2030 at 23:00:00"),
     ("Jeden Tag um 09:00 Uhr, nur am 1. bis 3. und letzten Tag des Monats, nur im Januar, "
     "bis 31. Dezember 2030 um 23:00:00 Uhr")),
    ("FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR", NINE, "schedule",
     "Every month on the 13th at 09:00, if that is a Friday",
     "Jeden Monat am 13. um 09:00 Uhr, wenn das ein Freitag ist"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "start", "mode", "english", "german"), SAID, ids=[each[0] for each in SAID])
def test_a_rule_in_words(rule, start, mode, english, german):
    said = [describe(parse(rule), start, mode=mode, language=language) for language in LANGUAGES]
    assert said == [english, german]


def test_a_series_in_words_says_what_the_next_one_follows_from_and_what_becomes_of_missed_ones():
    series = Recurrence(
        "FREQ=WEEKLY", PARIS, exdates=("2026-02-07T09:00:00",), repeats=Repeats.CALENDAR, missed=Missed.EACH
    )
    assert [describe_series(series, language) for language in LANGUAGES] == [
        "Every Saturday at 09:00, Paris time, except on one, completed or not, also each missed one",
        "Jeden Samstag um 09:00 Uhr, Zeit in Paris, außer an einem, erledigt oder nicht, auch jeden versäumten",
    ]


@given(st.sampled_from(Repeats), st.sampled_from(Missed), st.sampled_from(Repeats), st.sampled_from(Missed))
def test_series_that_differ_in_what_they_follow_from_differ_in_words(repeats, missed, others, policy):
    one, other = (
        Recurrence("FREQ=DAILY", PARIS, repeats=r, missed=m) for r, m in ((repeats, missed), (others, policy))
    )
    for language in LANGUAGES:
        assert (one == other) == (describe_series(one, language) == describe_series(other, language))


ENDS = st.sampled_from(
    ("", ";COUNT=1", ";COUNT=7", ";UNTIL=20301231", ";UNTIL=20301231T000000", ";UNTIL=20301231T000000Z")
)
TEXTS = st.builds("{}{}".format, st.one_of(rules(), skips()), ENDS)
LEFT_OUT = st.sampled_from(
    ("BYDAY", "BYHOUR", "BYMINUTE", "BYSECOND", "BYMONTH", "BYMONTHDAY", "BYSETPOS", "SKIP", "WKST")
)


@given(TEXTS, TEXTS, LEFT_OUT, st.sampled_from(LANGUAGES))
@example("FREQ=DAILY;BYHOUR=9;BYMINUTE=0", "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0", "BYHOUR", "en")
def test_rules_that_differ_differ_in_words(one, other, part, language):
    without = ";".join(each for each in one.split(";") if not each.startswith(f"{part}="))
    told = {str(rule): describe(rule, language=language) for rule in map(readable, (one, other, without))}
    assert len(set(told.values())) == len(told)


@given(TEXTS, st.sampled_from((PARIS, NINE, Due("2026-01-31"))))
def test_modes_and_zones_differ_in_words(text, start):
    rule = readable(text)
    assume(start.time or not (rule.byhour or rule.byminute or rule.bysecond))
    for language in LANGUAGES:
        modes = {describe(rule, start, mode=mode, language=language) for mode in ("schedule", "completion", "calendar")}
        assert len(modes) == 3
        assert all(("Paris" in each) is (start is PARIS) for each in modes)
