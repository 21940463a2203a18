"""What a rule takes from its start, where it names no day or time itself (RFC 5545, section 3.3.10, "DTSTART")."""

from dataclasses import replace
from datetime import datetime

from domain.recurrence.rule import Freq, Rule


def with_day_of(rule: Rule, start: datetime) -> Rule:
    """Return a rule of weeks, months or years with its start's day, if it names none."""
    if rule.freq < Freq.WEEKLY or rule.byday or rule.bymonthday or rule.byyearday:
        return rule
    if rule.freq is Freq.WEEKLY or rule.byweekno:
        return replace(rule, byday=((start.weekday(), 0),))
    if rule.freq is Freq.MONTHLY:
        return replace(rule, bymonthday=(start.day,))
    return replace(rule, bymonth=rule.bymonth or (start.month,), bymonthday=(start.day,))


def with_time_of(rule: Rule, start: datetime) -> Rule:
    """Return a rule with the hour, minute and second of its start that it doesn't name: those shorter than FREQ."""
    return replace(
        rule,
        byhour=rule.byhour or ((start.hour,) if rule.freq > Freq.HOURLY else ()),
        byminute=rule.byminute or ((start.minute,) if rule.freq > Freq.MINUTELY else ()),
        bysecond=rule.bysecond or ((start.second,) if rule.freq > Freq.SECONDLY else ()),
    )
