"""The Prefer header (RFC 7240), as far as this API knows it: ``wait``, ``wait=SECONDS`` and ``handling=strict``."""

import re
from dataclasses import dataclass

DEFAULT = 10.0
STRICT = "handling=strict"
_WAIT = re.compile(r'\s*wait\s*(?:=\s*"?(\d{1,9})"?\s*)?(?:;.*)?', re.IGNORECASE)
_HANDLING = re.compile(r'\s*handling\s*=\s*"?(\w+)"?\s*(?:;.*)?', re.IGNORECASE)


def wait(headers: list[str], limit: float) -> float | None:
    """Return the seconds that the client prefers to wait, at most ``limit``; None without such a preference.

    A malformed preference is ignored, as RFC 7240, section 2, allows.
    """
    for preference in ",".join(headers).split(","):
        if found := _WAIT.fullmatch(preference):
            asked = DEFAULT if found[1] is None else float(found[1])
            return min(asked, limit)
    return None


def strict(headers: list[str]) -> bool:
    """Return whether the client prefers text to be refused rather than cleaned (RFC 7240, section 4.4)."""
    for preference in ",".join(headers).split(","):
        if found := _HANDLING.fullmatch(preference):
            return found[1].lower() == "strict"
    return False


@dataclass(frozen=True)
class Preferences:
    """A client's preferences: ``seconds`` to wait, None for not at all; ``strict`` to refuse text, not clean it."""

    seconds: float | None
    strict: bool

    @classmethod
    def of(cls, headers: list[str], limit: float) -> "Preferences":
        """Parse the headers in their order; ``limit`` is the longest wait in seconds."""
        return cls(wait(headers, limit), strict(headers)) if headers else NONE


NONE = Preferences(None, strict=False)
"""No preference."""
