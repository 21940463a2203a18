"""Translates idioms of Todoist, Vikunja and Taskwarrior. The result is only suggested, never evaluated."""

import re
from collections.abc import Callable, Mapping

from domain.query import values
from domain.query.fields import COMPARISONS, FIELDS, HELD, SHORTHANDS, SYNONYMS, FieldType
from domain.query.tree import quoted, value

_PRIORITIES = {"h": "high", "m": "medium", "l": "low"} | {priority: priority for priority in values.PRIORITIES}
_STATUSES = {"pending": "open", "waiting": "open", "done": "completed"} | {status: status for status in values.STATUSES}
_MODIFIERS = {"": "=", "is": "=", "not": "!=", "before": "<", "by": "<=", "after": ">"}


def idiom(written: str) -> str | None:
    """Return the condition that a word, or two with a space between, probably means; None if no program knows it."""
    for pattern, translate in _IDIOMS.items():
        if found := re.fullmatch(pattern, written, re.IGNORECASE | re.ASCII):
            return translate(found)
    return f"due = {written}" if values.is_date(written) and written.lower() != "now" else None


def _field(written: re.Match[str]) -> str | None:
    """Return the condition of ``due.before:friday``; nothing after the colon means not to have the field."""
    name, modifier, said = written[1].lower(), (written[2] or "").lower(), written[3]
    name = SYNONYMS.get(name, name)
    if name not in FIELDS or modifier not in _MODIFIERS:
        return None
    return _compared(name, _MODIFIERS[modifier], said) if said else f"no {name}" if name in HELD else None


def _compared(name: str, op: str, said: str) -> str | None:
    kind = FIELDS[name]
    if kind is FieldType.TAGS and op == "=":
        return f"#{value(said)}"
    if kind is FieldType.TEXT:
        op = {"=": "~", "!=": "!~"}.get(op, op)
    translated = _TRANSLATE[kind](said)
    return f"{name} {op} {translated}" if translated and op in COMPARISONS[kind] else None


def _shorthand(written: re.Match[str]) -> str | None:
    word = written[1].lower()
    return word if word in SHORTHANDS else None


def _on(written: re.Match[str]) -> str | None:
    field = written[1].lower()
    return f"{field} = {written[2]}" if FIELDS.get(field) is FieldType.DATE and values.is_date(written[2]) else None


_TRANSLATE: Mapping[FieldType, Callable[[str], str | None]] = {
    FieldType.TEXT: value,
    FieldType.TAGS: value,
    FieldType.LIST: value,
    FieldType.PRIORITY: lambda said: _PRIORITIES.get(said.lower()),
    FieldType.STATUS: lambda said: _STATUSES.get(said.lower()),
    FieldType.DATE: lambda said: said if values.is_date(said) else None,
    FieldType.ID: lambda _: None,
}
"""Translates a value, by the type of the field."""
_IDIOMS: Mapping[str, Callable[[re.Match[str]], str | None]] = {
    "p1": lambda _: "priority = urgent",
    "p2": lambda _: "priority = high",
    "p3": lambda _: "priority = medium",
    "p4": lambda _: "no priority",
    "(low|medium|high|urgent)": lambda found: f"priority = {found[1].lower()}",
    "sub-?tasks?": lambda _: "has parent",
    r"@([^\s:]+)": lambda found: f"#{value(found[1])}",
    r"\+([a-z][^\s:]*)": lambda found: f"#{value(found[1])}",
    r"-([a-z][^\s:]*)": lambda found: f"not #{value(found[1])}",
    r"search: (\S+)": lambda found: quoted(found[1]),
    r"(?:is|are)[: ](\S+)": _shorthand,
    r"(?:has|with):(\S+)": lambda found: f"has {found[1].lower()}" if found[1].lower() in HELD else None,
    r"(?:no|without):(\S+)": lambda found: f"no {found[1].lower()}" if found[1].lower() in HELD else None,
    r"(\d{1,4}) days?": lambda found: f"due <= today+{int(found[1])}d",
    "due date": lambda _: "due",
    r"(\w+) (\S+)": _on,
    r"(\w+)(?:\.(\w+))?:(\S*)": _field,
}
"""Translations by pattern. The first that matches is used."""
