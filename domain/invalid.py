"""Exceptions for values that can't be accepted."""

from typing import ClassVar

from domain.rejections import Code


class Invalid(ValueError):
    """A value can't be accepted: ``field`` is its name in the HTTP API, ``detail`` a sentence on what to do."""

    code: ClassVar[Code] = Code.INVALID

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail


class Ended(Invalid):
    """The next occurrence of a series is beyond the calendar."""

    code: ClassVar[Code] = Code.ENDED


class Conflict(Invalid):
    """A value is valid, but conflicts with the task's current state."""

    code: ClassVar[Code] = Code.CONFLICT
