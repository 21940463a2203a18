"""Writes what follows from the lists of stages and topics: ``python -m docs.stages``.

These are two tables in docs/architecture.md, each found by its first line, and the Procfile.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from schemas.topics import DAYS, FOR_EVER, SCHEMAS, SHARED, Topic, blocks, changelog
from streams.runtime import Stage
from streams.topologies import DEFAULT, STAGES, find, processes

FILE = Path(__file__).with_name("architecture.md")
PROCFILE = Path(__file__).parent.parent / "Procfile"
_BLOCKS, _CHANGELOG = blocks("<topology>"), changelog("<topology>", ())
_WRITERS = {_BLOCKS: "its topology", _CHANGELOG: "its topology", SCHEMAS: "Rondo's registry"}


def document(text: str) -> str:
    """Return the page with its tables replaced. Raises ValueError if it has no such table."""
    topics = [_topic(topic) for topic in (*SHARED, _BLOCKS, _CHANGELOG, SCHEMAS)]
    text = _replaced(text, _table(("topic", "written by", "holds", "kept"), topics))
    return _replaced(text, _table(("stage", "reads", "writes", "state"), map(_stage, map(find, STAGES))))


def procfile() -> str:
    """Return the whole Procfile: the servers, and the workers."""
    commands = {"registry": "python -m schemas.registry", "api": "python -m api"}
    commands |= {name: f"rondo worker {' '.join(topologies)}" for name, topologies in processes(DEFAULT).items()}
    return "".join(f"{name}: {command}\n" for name, command in commands.items())


def _topic(topic: Topic) -> tuple[str, ...]:
    kept = "for ever" if topic.retention == FOR_EVER else f"{topic.retention // DAYS} days"
    writer = _WRITERS.get(topic, topic.writer)
    return f"`{topic.name}`", writer, topic.holds, "compacted" if topic.compacted else kept


def _stage(stage: Stage) -> tuple[str, ...]:
    writes = _names(stage.writes) if stage.store is None else "rows in Postgres"
    return stage.name, _names(stage.reads), writes, stage.keeps


def _names(topics: Iterable[Topic]) -> str:
    return ", ".join(f"`{topic.name}`" for topic in topics)


def _table(columns: Sequence[str], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (columns, *rows)]


def _replaced(text: str, table: list[str]) -> str:
    head, *rows = table
    lines = "\n".join([head, "|---" * head.count(" | ") + "|---|", *rows, ""])
    text, found = re.subn(rf"^{re.escape(head)}\n(?:\|.*\n)*", lambda _: lines, text, flags=re.MULTILINE)
    if found != 1:
        raise ValueError(f"{FILE.name} has {found} tables that begin with {head}")
    return text


if __name__ == "__main__":
    FILE.write_text(document(FILE.read_text()))
    PROCFILE.write_text(procfile())
