"""Whether a body is certainly checked within about a millisecond, known before from its lengths and its rule.

Such a body is checked on the event loop: to hand it to a thread costs more than its check. Any other is checked in a
thread, since a rule may take 50 ms, and long texts some milliseconds.
"""

from collections.abc import Sized

from api.models.bulk_inputs import NewBulk
from api.models.inputs import Changes, NewTask
from domain.invalid import Invalid
from domain.recurrence.rule import Freq, Rule, parse

MOST_TEXT = 2_000
"""The most characters of a body's texts together: each is looked at some ten times."""
MOST_RULE = 200
"""The most characters of a rule."""
FEW = 100
"""The most items of a list that are handled on the event loop: each takes a few microseconds."""
_MOST_WEEKDAYS = 5
"""The most weekdays of one kind in a month: a rule with a 6MO searches 400 years of months for one."""


def is_short(body: NewTask | Changes) -> bool:
    """Return whether a task's fields are checked quickly."""
    texts = [body.title, body.notes or "", body.order or "", *(body.tags or ())]
    texts += [*(body.rdates or ()), *(body.exdates or ())]
    return sum(map(len, texts)) <= MOST_TEXT and (body.recurrence is None or _is_short_rule(body.recurrence))


def is_short_change(body: NewBulk) -> bool:
    """Return whether a bulk's change is checked quickly, whatever tasks it names."""
    texts = [*(body.add_tags or ()), *(body.remove_tags or ())]
    return sum(map(len, texts)) <= MOST_TEXT and (body.changes is None or is_short(body.changes))


def is_short_bulk(body: NewBulk) -> bool:
    """Return whether a bulk is handled quickly as a whole, the tasks it names included."""
    return are_few(body.tasks or ()) and is_short_change(body)


def are_few(items: Sized) -> bool:
    """Return whether items are so few that each may be handled on the event loop."""
    return len(items) <= FEW


def _is_short_rule(text: str) -> bool:
    """Return whether a rule matches within a few periods from any start, or is refused at once."""
    if len(text) > MOST_RULE:
        return False
    try:
        return _matches_soon(parse(text))
    except Invalid:
        return True


def _matches_soon(rule: Rule) -> bool:
    """Return whether at most one part chooses days, and chooses some in most periods."""
    if rule.byweekno or rule.byyearday or rule.bysetpos or (rule.byday and rule.bymonthday):
        return False
    if rule.freq in (Freq.DAILY, Freq.WEEKLY):
        return not (rule.bymonth or rule.bymonthday)
    if rule.freq is Freq.MONTHLY:
        return not rule.bymonth and all(abs(which) <= _MOST_WEEKDAYS for _, which in rule.byday)
    return not rule.byday
