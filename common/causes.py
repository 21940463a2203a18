"""Descriptions of errors for logs and health, without users' data or secrets.

Libraries quote offending values in their error messages: Postgres a whole row, httpx an address with its password. So
the message is included only for a few kinds of errors that quote nothing of that sort.
"""

import traceback
from pathlib import Path

from common.addresses import only_origins

_ROOT = Path(__file__).parent.parent
_SPEAKING = ("aiokafka.", "streams.runtime.", "streams.transactions.", "schemas.kafka.admin", "schemas.registry.")
"""Modules whose errors mention only the system and its parts, except ``FoldError`` behind its colon."""


def described(error: BaseException) -> str:
    """Return an error's type, with its message if that quotes nothing, else with where it was raised."""
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
    """Return the tracebacks of an error and its causes, the first cause first, each with its ``described`` text."""
    traces: list[str] = []
    seen: set[int] = set()
    following: BaseException | None = error
    while following and id(following) not in seen:
        seen.add(id(following))
        traces.append(f"{''.join(traceback.format_tb(following.__traceback__))}{described(following)}")
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return "\nwhich led to\n".join(reversed(traces))


def _place(error: BaseException) -> str:
    """Return the innermost place of Rondo's own code in an error's traceback."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(_ROOT) and ".venv" not in path.parts:
            return f" at {path.relative_to(_ROOT)}:{frame.lineno}"
    return ""
