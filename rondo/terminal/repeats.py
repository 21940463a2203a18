"""Parses --repeat: a word, or a rule of RFC 5545."""

import re
from collections.abc import Mapping
from difflib import get_close_matches

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
RULES: Mapping[str, str] = {
    "daily": "FREQ=DAILY",
    "weekdays": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "weekly": "FREQ=WEEKLY",
    "monthly": "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD",
    "yearly": "FREQ=YEARLY",
}
"""The words, and the rule of each. `monthly` on the 31st is on the last day of a shorter month, as people expect."""
ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(("everyday", "day"), "daily"),
    **dict.fromkeys(("weekday", "every weekday", "workdays", "every workday", "working days"), "weekdays"),
    **dict.fromkeys(("weekend", "weekends", "every weekend"), "FREQ=WEEKLY;BYDAY=SA,SU"),
    "week": "weekly",
    "month": "monthly",
    "hourly": "FREQ=HOURLY",
    **dict.fromkeys(("year", "annually", "annual"), "yearly"),
    **dict.fromkeys(("biweekly", "fortnightly"), "FREQ=WEEKLY;INTERVAL=2"),
    **dict.fromkeys(("quarterly", "every quarter"), "RSCALE=GREGORIAN;FREQ=MONTHLY;INTERVAL=3;SKIP=BACKWARD"),
}
"""Other programs' words, and the word or the rule for each."""
FORMS = "Write daily, weekdays, weekly, monthly, yearly, or a rule (RFC 5545) such as FREQ=WEEKLY;BYDAY=MO."
_WORDS: Mapping[str, str] = {
    "day": "daily",
    "week": "weekly",
    "month": "monthly",
    "year": "yearly",
    "hour": "FREQ=HOURLY",
}
"""Units, and the word or the rule for each; one is shortened to its first letters."""
_DAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:days?)?"
_EVERY = re.compile(
    rf"(?:every ?)?(?:(?P<number>\d{{1,3}}|other) ?)?"
    rf"(?:(?P<unit>day|week|month|year|hour|[dwmyh])s?|(?P<days>{_DAY}(?:(?: and |, and |, ?| ){_DAY})*))",
    re.ASCII,
)
_LAST = (
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "year",
    "years",
    "hours",
    *WEEKDAYS,
    "weekday",
    "weekend",
    "quarter",
)
"""Words that may follow `every`."""
_COUNTS: Mapping[str | None, int] = {None: 1, "other": 2}
_COMPLETION = re.compile(r"every! ?(?P<every>.+)|(?P<rule>.+?),? from completion", re.IGNORECASE)
_LIKE = 0.78
"""The least similarity of a suggestion to what was typed."""


def rule(typed: str) -> str:
    """Return the recurrence rule of a word, or a typed rule as it is: the API checks it. Raises ``ValueError``.

    A suggestion covers everything that was typed; otherwise none is made.
    """
    word = " ".join(typed.lower().split())
    if word in RULES:
        return RULES[word]
    if re.match(r"[A-Z-]+[=:]", typed.strip(), re.IGNORECASE | re.ASCII):
        return typed
    suggestion = ELSEWHERE.get(word) or _every(word) or _near(word)
    raise ValueError(f"{typed!r} is not a repeat. " + (f"Did you mean `{suggestion}`?" if suggestion else FORMS))


def counted(typed: str) -> tuple[str, bool]:
    """Return the recurrence rule of what was typed, and whether it is counted from completion.

    `every! 3 days` is, and any rule with `from completion` behind it. Raises ``ValueError``.
    """
    found = _COMPLETION.fullmatch(" ".join(typed.split()))
    if not found:
        return rule(typed), False
    word = found["rule"] or f"every {found['every']}"
    known = ELSEWHERE.get(word.lower()) or _every(word.lower()) or word
    try:
        return rule(known), True
    except ValueError as error:
        raise ValueError(str(error).replace(repr(known), repr(typed), 1)) from None


def _every(typed: str) -> str | None:
    """Return the rule of `every 2 days` or `every mon, wed`; None for anything else."""
    found = _EVERY.fullmatch(typed)
    if not found or not (found["number"] or found["days"] or len(found["unit"]) > 1):
        return None
    number = found["number"]
    count = _COUNTS[number] if number in _COUNTS else int(number)
    word = _WORDS["week" if found["days"] else next(name for name in _WORDS if name.startswith(found["unit"]))]
    days = ",".join(dict.fromkeys(day[:2].upper() for day in re.findall(_DAY, found["days"] or "")))
    if count == 1 and not days:
        return word
    parts = [*([f"INTERVAL={count}"] if count > 1 else []), *([f"BYDAY={days}"] if days else [])]
    rule, skip, backward = RULES.get(word, word).partition(";SKIP=")
    return ";".join([rule, *parts]) + skip + backward if count else None


def _near(word: str) -> str | None:
    """Return a suggestion where the last word is mistyped."""
    head, _, last = word.rpartition(" ")
    known = _LAST if head else [*RULES, *(name for name in ELSEWHERE if " " not in name)]
    if not (near := get_close_matches(last, known, 1, _LIKE)):
        return None
    word = f"{head} {near[0]}".strip()
    return word if word in RULES else ELSEWHERE.get(word) or _every(word)
