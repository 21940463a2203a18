"""Prose is plain technical English: phrases that readers stumbled over are nowhere, each with what to say instead."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
CODE = ("api", "bench", "common", "docs", "domain", "local", "postgres", "rondo", "schemas", "streams")
HISTORY = {"CHANGELOG.md"}  # what was said of former versions
OURS = Path(__file__).name  # this file has the phrases

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
    r"stood still|stands? still": "makes no progress, or is suspended",
}
"""Phrases, as regular expressions of whole words, and what is said instead (docs/glossary.md)."""
BANNED_IN_CODE = {
    r"(?<!-)stands?(?!-up|[ -]in\b| for\b)|stood": "is, exists, is written",
    r"told": "reported, or described",
    r"befalls?|befell": "happens",
}
"""Further ones, outside of tests."""
KEPT = re.compile(
    "choose one that stands|may stand above a task|rondo search stand|claim by rules 3|[\"']stand['\"]", re.IGNORECASE
)
"""The first two are in outcomes on people's logs, and change only with a decision version; the others are examples."""
NAMES = re.compile(r"told|meant|wished|served|shown|stands|stood|turns?|letters?|condemned|anew|borne|bearers?")
"""Names that say nothing of what they name."""
ALPHABET = {"domain/query/search.py", "domain/query/tree.py", "rondo/terminal/dates.py", "bench/limits/data.py"}
"""Modules whose letters are those of words."""
ON_THE_LOG = {
    "schemas/records/runtime.py",
    "rondo/operator/dead_letters.py",
    "rondo/operator/resending.py",
    "streams/replay/dead_letters.py",
}
"""Modules that read or write the field `letter` of a record."""


def banned(*phrases: dict[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b(?:{phrase})\b" for each in phrases for phrase in each), re.IGNORECASE)


PHRASE, PHRASE_IN_CODE = banned(BANNED), banned(BANNED, BANNED_IN_CODE)
HOW = re.compile(r'^\s*(?:r|f)?"""How\b', re.MULTILINE)


def texts() -> Iterator[Path]:
    """Yield every module, document and query of Rondo, tests included, and the files that build it."""
    yield from sorted(path for path in ROOT.glob("*.md") if path.name not in HISTORY)
    yield from (ROOT / "Makefile", ROOT / "pyproject.toml")
    for part in (*CODE, "tests"):
        for kind in ("md", "py", "sql"):
            paths = sorted((ROOT / part).rglob(f"*.{kind}"))
            yield from (path for path in paths if "migrations" not in path.parts and path.name != OURS)


TEXTS = {str(path.relative_to(ROOT)): path.read_text() for path in texts()}
MODULES = {name: text for name, text in TEXTS.items() if name.endswith(".py")}


@pytest.mark.parametrize("name", TEXTS)
def test_no_banned_phrase_is_used(name: str):
    phrase = PHRASE if name.startswith("tests/") else PHRASE_IN_CODE
    assert [found.group() for found in phrase.finditer(KEPT.sub("", TEXTS[name]))] == []


@pytest.mark.parametrize("name", MODULES)
def test_a_docstring_begins_with_what_an_entity_is_or_does(name: str):
    assert HOW.findall(MODULES[name]) == []


@pytest.mark.parametrize("name", [name for name in MODULES if not name.startswith("tests/")])
def test_no_name_in_code_is_a_banned_one(name: str):
    tokens = tokenize.generate_tokens(io.StringIO(MODULES[name]).readline)
    names = {token.string for token in tokens if token.type == tokenize.NAME and NAMES.fullmatch(token.string)}
    assert names <= ({"letter", "letters"} if name in {*ALPHABET, *ON_THE_LOG} else set())


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("tests/")])
def test_no_sentence_of_a_test_has_a_banned_phrase(name: str):
    sentences = re.findall(r"def (test_\w+)", MODULES[name])
    assert [sentence for sentence in sentences if PHRASE.search(sentence.replace("_", " "))] == []


@pytest.mark.parametrize(
    "phrase", ["It starts anew.", "a tag that tasks bear", "sets them aside", "Under rules 3", "Whoever"]
)
def test_a_banned_phrase_is_found(phrase: str):
    assert PHRASE.search(phrase)


@pytest.mark.parametrize(
    ("text", "found"), [("a list that stands", True), ("a stand-up", False), ("stands for", False)]
)
def test_a_phrase_that_is_banned_in_code_is_found(text: str, found: bool):
    assert bool(PHRASE_IN_CODE.search(text)) is found
