"""Compensations: the commands that undo an event, or why nothing can."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from domain.invalid import Invalid
from domain.rejections import Code


class Contradicted(Invalid):
    """Something later contradicts undoing the event."""

    code: ClassVar[Code] = Code.CONTRADICTED


def unchanged(event: Any) -> Any:
    """Return the event as it is."""
    return event


@dataclass(frozen=True)
class Compensation:
    """Compensating commands on different entities, and a function that amends their events."""

    commands: tuple[Any, ...] = ()
    amend: Callable[[Any], Any] = unchanged
