"""How often a task recurs, as people type it: by a word, or by a rule of RFC 5545."""

import re
from collections.abc import Mapping
from difflib import get_close_matches

RULES: Mapping[str, str] = {
    "daily": "FREQ=DAILY",
    "weekdays": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "weekly": "FREQ=WEEKLY",
    "monthly": "FREQ=MONTHLY",
    "yearly": "FREQ=YEARLY",
}
"""The words, and the rule of each."""
MEANT: Mapping[str, str] = {
    **dict.fromkeys(("day", "every day", "everyday", "1d"), "daily"),
    **dict.fromkeys(("weekday", "every weekday", "workdays", "working days"), "weekdays"),
    **dict.fromkeys(("week", "every week", "1w"), "weekly"),
    **dict.fromkeys(("month", "every month", "1m"), "monthly"),
    **dict.fromkeys(("year", "every year", "annually", "annual", "1y"), "yearly"),
    **dict.fromkeys(("biweekly", "fortnightly", "every other week", "every 2 weeks"), "FREQ=WEEKLY;INTERVAL=2"),
    **dict.fromkeys(("quarterly", "every quarter", "every 3 months"), "FREQ=MONTHLY;INTERVAL=3"),
}
"""What other programs read, and the word or the rule for it."""
FORMS = "Write daily, weekdays, weekly, monthly, yearly, or a rule (RFC 5545) as FREQ=WEEKLY;BYDAY=MO."


def rule(typed: str) -> str:
    """Return the recurrence rule that is meant; what is a rule is for the API to read. Raises ``ValueError``."""
    word = " ".join(typed.lower().split())
    if word in RULES:
        return RULES[word]
    if re.match(r"[A-Z-]+[=:]", typed.strip(), re.IGNORECASE | re.ASCII):
        return typed
    known = [*RULES, *MEANT]
    near = MEANT.get(word) or next(iter(get_close_matches(word, known, 1)), None)
    suggestion = MEANT.get(near, near) if near else None
    raise ValueError(f"{typed!r} is not a repeat. " + (f"Did you mean `{suggestion}`?" if suggestion else FORMS))
