"""How the domain says that a value cannot be accepted."""

from typing import ClassVar

from domain.rejections import Code


class Invalid(ValueError):
    """A value that cannot be accepted: ``field`` as people name it over HTTP, ``detail`` a sentence on what to do."""

    code: ClassVar[Code] = Code.INVALID

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail


class Ended(Invalid):
    """What would follow in a series lies beyond the calendar."""

    code: ClassVar[Code] = Code.ENDED


class Conflict(Invalid):
    """A value that is right in itself, but not for the task as it stands."""

    code: ClassVar[Code] = Code.CONFLICT
