"""The Prefer header (RFC 7240), as far as this API knows it: ``wait`` and ``wait=SECONDS``."""

import re

DEFAULT = 10.0
_WAIT = re.compile(r'\s*wait\s*(?:=\s*"?(\d{1,9})"?\s*)?(?:;.*)?', re.IGNORECASE)


def wait(headers: list[str], limit: float) -> float | None:
    """Return the seconds that the client prefers to wait, at most ``limit``; None where it does not say so.

    What is malformed counts as not said: a preference may be ignored (RFC 7240, section 2).
    """
    for preference in ",".join(headers).split(","):
        if found := _WAIT.fullmatch(preference):
            asked = DEFAULT if found[1] is None else float(found[1])
            return min(asked, limit)
    return None
