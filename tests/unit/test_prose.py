"""Prose is plain technical English: turns that readers stumbled over stand nowhere, each with what to say instead."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PARTS = ("api", "bench", "common", "docs", "domain", "local", "postgres", "rondo", "schemas", "streams")
HISTORY = {"CHANGELOG.md"}  # what was said of former versions

BANNED = {
    r"anew": "again, or from the beginning",
    r"bear|bears|bearing|borne": "has, or tagged with",
    r"condemn\w*": "poison record",
    r"(set|sets|setting)( it| them| one| ones| that| records?| a record)? aside": "dead-lettered",
    r"so many": "the number, or the argument's name",
    r"none of it": "none",
    r"as (it|they|all) (stands?|should be)": "current",
    r"what stands": "what exists, or the current state",
    r"(is|are|be|been|was|were|being) told": "is reported",
    r"tells? (whether|how|what|which|of|that)": "return, report, or describe",
    r"heads? of (a|its|the|each|their) series": "latest occurrence",
    r"(under |by |of )?(the )?rules \d": "decision version",
    r"what of": "which part of",
    r"in itself": "valid",
    r"turns? with a?": "task of the runtime",
    r"ways? back": "compensation",
    r"whoever": "the worker that, or anyone who",
}
"""Turns, as regular expressions of whole words, and what is said instead (docs/glossary.md)."""
TURN = re.compile("|".join(rf"\b(?:{turn})\b" for turn in BANNED), re.IGNORECASE)
HOW = re.compile(r'^\s*(?:r|f)?"""How\b', re.MULTILINE)


def texts() -> Iterator[Path]:
    """Every module, document and query of Rondo's."""
    yield from sorted(path for path in ROOT.glob("*.md") if path.name not in HISTORY)
    for part in PARTS:
        for kind in ("md", "py", "sql"):
            yield from sorted(path for path in (ROOT / part).rglob(f"*.{kind}") if "migrations" not in path.parts)


TEXTS = {str(path.relative_to(ROOT)): path.read_text() for path in texts()}


@pytest.mark.parametrize("name", TEXTS)
def test_no_banned_turn_is_used(name: str):
    assert [found.group() for found in TURN.finditer(TEXTS[name])] == []


@pytest.mark.parametrize("name", [name for name in TEXTS if name.endswith(".py")])
def test_a_docstring_begins_with_what_a_thing_is_or_does(name: str):
    assert HOW.findall(TEXTS[name]) == []


@pytest.mark.parametrize(
    "turn", ["It starts anew.", "a tag that tasks bear", "sets them aside", "Under rules 3", "Whoever"]
)
def test_a_banned_turn_is_found(turn: str):
    assert TURN.search(turn)
