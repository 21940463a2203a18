"""Writes docs/errors.md from the catalogue of problems and the OpenAPI document: ``python -m docs.errors``."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any

from api.app import openapi
from api.commands.responses import REJECTIONS
from api.http.document import answer
from api.http.problems import CATALOGUE, CONFLICT, MEDIA_TYPE, ProblemType
from domain.rejections import MEANINGS

FILE = Path(__file__).with_suffix(".md")
_HEAD = """# Errors

Every error over HTTP is a problem (RFC 9457, `application/problem+json`): its `type` is `/problems/` and a name on this
page, and a running Rondo serves the same text there. `detail` says what is wrong this time, and `errors` name the
fields at fault. A problem of only some operations lists them. `make docs` generates this page from the
catalogue in the code.
"""


_REJECTIONS = """## Why a command is rejected

An accepted command is decided after those before it, and may then be rejected. Its outcome has a `code`, also at the
command's address and for each task that a bulk refused. With `Prefer: wait` the answer is a problem.

| code | answered as | means |
|---|---|---|"""


def document() -> str:
    """Return the whole page."""
    answering = _answering(openapi())
    return "\n".join(
        [
            _HEAD,
            *(line for kind in CATALOGUE.values() for line in _section(kind, answering[kind.name])),
            _REJECTIONS,
            *_table(),
            "",
        ]
    )


def _section(kind: ProblemType, operations: list[str]) -> Iterator[str]:
    yield f"## {kind.name}\n"
    yield from wrap(f"**{kind.status}: {kind.title}.** {kind.meaning}", 120)
    yield ""
    if operations:
        yield from (f"- `{operation}`" for operation in operations)
        yield ""


def _table() -> Iterator[str]:
    for code, meaning in MEANINGS.items():
        yield f"| `{code}` | {REJECTIONS.get(code, CONFLICT).name} | {meaning} |"


def _answering(described: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the operations of each kind of problem, by its name; none if most operations may answer with it."""
    found: dict[str, list[str]] = {name: [] for name in CATALOGUE}
    operations = [(path, *each) for path, methods in described["paths"].items() for each in methods.items()]
    for path, method, operation in operations:
        for response in operation["responses"].values():
            for name in answer(described, response).get("content", {}).get(MEDIA_TYPE, {}).get("examples", {}):
                found[name].append(f"{method.upper()} {path}")
    return {name: those if len(those) <= len(operations) / 2 else [] for name, those in found.items()}


if __name__ == "__main__":
    FILE.write_text(document())
