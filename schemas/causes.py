"""How errors are described in logs and health: by what they are, and never by words of users or by secrets.

Libraries quote the values at fault in the texts of their errors: Postgres a whole row, httpx an address with its
password. So only the texts of a few kinds of error are shown, which quote nothing of that kind.
"""

import traceback
from pathlib import Path

from schemas.addresses import only_origins

_ROOT = Path(__file__).parent.parent
_SPEAKING = ("aiokafka.", "streams.runtime.", "streams.transactions.", "streams.kafka.topics", "schemas.registry.")
"""Modules whose errors speak of the machine and its parts only, but for ``FoldError`` behind its colon."""


def described(error: BaseException) -> str:
    """Return what an error is, with its text where that quotes nothing, else with where it was raised."""
    name = type(error).__name__
    if isinstance(error, BaseExceptionGroup):
        return f"{name} ({', '.join(map(described, error.exceptions))})"
    if code := getattr(error, "sqlstate", None):  # of Postgres
        about = (code, getattr(error, "constraint_name", None), getattr(error, "column_name", None))
        return f"{name} ({', '.join(str(each) for each in about if each)})"
    module = f"{type(error).__module__}."
    if isinstance(error, OSError | MemoryError | TimeoutError) or module.startswith(_SPEAKING):
        text = str(error).partition(":")[0] if name == "FoldError" else str(error)
        return only_origins(f"{name}: {text}" if text else name)
    return f"{name}{_place(error)}"


def trace(error: BaseException) -> str:
    """Return the traceback of an error and of what led to it, the first at first, each described as above."""
    told: list[str] = []
    seen: set[int] = set()
    following: BaseException | None = error
    while following and id(following) not in seen:
        seen.add(id(following))
        told.append(f"{''.join(traceback.format_tb(following.__traceback__))}{described(following)}")
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return "\nwhich led to\n".join(reversed(told))


def _place(error: BaseException) -> str:
    """Return where in Rondo's own code an error came up."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(_ROOT) and ".venv" not in path.parts:
            return f" at {path.relative_to(_ROOT)}:{frame.lineno}"
    return ""
