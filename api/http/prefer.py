"""The Prefer header (RFC 7240), as far as this API knows it: ``wait``, ``wait=SECONDS`` and ``handling=strict``."""

import re
from dataclasses import dataclass

DEFAULT = 10.0
STRICT = "handling=strict"
_WAIT = re.compile(r'\s*wait\s*(?:=\s*"?(\d{1,9})"?\s*)?(?:;.*)?', re.IGNORECASE)
_HANDLING = re.compile(r'\s*handling\s*=\s*"?(\w+)"?\s*(?:;.*)?', re.IGNORECASE)


def wait(headers: list[str], limit: float) -> float | None:
    """Return the seconds that the client prefers to wait, at most ``limit``; None where it does not say so.

    What is malformed counts as not said: a preference may be ignored (RFC 7240, section 2).
    """
    for preference in ",".join(headers).split(","):
        if found := _WAIT.fullmatch(preference):
            asked = DEFAULT if found[1] is None else float(found[1])
            return min(asked, limit)
    return None


def strict(headers: list[str]) -> bool:
    """Tell whether the client prefers that text is refused rather than cleaned (RFC 7240, section 4.4)."""
    for preference in ",".join(headers).split(","):
        if found := _HANDLING.fullmatch(preference):
            return found[1].lower() == "strict"
    return False


@dataclass(frozen=True)
class Preferences:
    """What a client prefers: to wait so many seconds, None for not at all; and that text is refused, not cleaned."""

    seconds: float | None
    strict: bool

    @classmethod
    def of(cls, headers: list[str], limit: float) -> "Preferences":
        """Read the header, where it is given several times in their order; ``limit`` is the longest wait."""
        return cls(wait(headers, limit), strict(headers))
