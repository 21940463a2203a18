"""Preconditions of requests (RFC 9110, section 13): parsing, comparing and checking entity tags."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header
from pydantic import WithJsonSchema

from api.http.problems import VERSION, Problem
from domain.rejections import Code

ANY = "*"
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_VERSION = re.compile(r'"([1-9]\d{0,17})"', re.ASCII)


@dataclass(frozen=True)
class Tags:
    """The entity tags of ``If-Match`` or ``If-None-Match``, or ``*``; empty where the header is malformed."""

    tags: frozenset[str]

    @classmethod
    def of(cls, lines: Iterable[str] | None) -> "Tags | None":
        """Parse the lines of a header; None without the header."""
        return None if lines is None else cls(frozenset(_read(", ".join(lines))))

    @property
    def any(self) -> bool:
        """Whether any representation matches."""
        return ANY in self.tags

    @property
    def version(self) -> int | None:
        """The version, if exactly one is named."""
        [only, *more] = [*self.tags, ""]
        return int(found[1]) if more == [""] and (found := _VERSION.fullmatch(only)) else None

    def holds(self, current: Iterable[str]) -> bool:
        """Whether one of them is among ``current`` by the strong comparison, which is that of ``If-Match``."""
        return self.any or any(not tag.startswith("W/") for tag in self.tags.intersection(current))

    def excludes(self, current: Iterable[str]) -> bool:
        """Whether one of them is among ``current`` by the weak comparison, which is that of ``If-None-Match``."""
        return self.any or not {*map(_weakly, self.tags)}.isdisjoint(map(_weakly, current))


def _weakly(tag: str) -> str:
    return tag.removeprefix("W/")


def _read(text: str) -> Iterator[str]:
    """Yield the tags of a list; none where it is malformed."""
    text = text.strip(" \t,")
    if text == ANY:
        return iter((ANY,))
    found, place = [], 0
    while place < len(text):
        if not (tag := _TAG.match(text, place)):
            return iter(())
        found.append(tag[0])
        rest = text[tag.end() :].lstrip(" \t")
        if rest and not rest.startswith(","):
            return iter(())
        place = len(text) - len(rest.lstrip(" \t,"))
    return iter(found)


@dataclass(frozen=True)
class Current:
    """The current entity tags of a request's target, and its version, if it has one."""

    tags: tuple[str, ...] = ()
    version: int | None = None


@dataclass(frozen=True)
class Conditions:
    """The preconditions of a command: its ``If-Match`` and ``If-None-Match``."""

    match: Tags | None
    none_match: Tags | None

    @property
    def version(self) -> int | None:
        """The version that ``If-Match`` names, None for any."""
        return self.match.version if self.match else None

    @property
    def said(self) -> int | list[str] | None:
        """What distinguishes the command from one with another ``If-Match``."""
        if self.match is None or self.match.any:
            return None
        return self.match.version or sorted(self.match.tags)

    def need(self, has_versions: bool) -> bool:
        """Return whether to read the current state. A single version needs no read: the stage compares it.

        Nor does ``*``: no change creates an entity that has versions. One without may be, such as a tag's colour.
        """
        if self.none_match or self.match is None:
            return self.none_match is not None
        return not (has_versions and (self.match.version or self.match.any))

    def check(self, current: Current) -> int | None:
        """Return the version that may be changed, None for any. Raises ``Problem`` where a precondition fails."""
        if self.match and not self.match.holds(current.tags):
            raise Problem(VERSION, _NO_MATCH, code=Code.VERSION)
        if self.none_match and self.none_match.excludes(current.tags):
            raise Problem(VERSION, _MATCH, code=Code.VERSION)
        return current.version if self.match and not self.match.any else None


_NO_MATCH = (
    'If-Match does not name the current entity tag. Send it as you received it, such as "3": a weak one, such as '
    'W/"3", never matches (RFC 9110, 13.1.1).'
)
_MATCH = "It exists, with an entity tag that If-None-Match names."

_TEXT = WithJsonSchema({"type": "string"})  # any text: a malformed entity tag matches nothing


async def _conditions(
    if_match: Annotated[
        list[str] | None,
        _TEXT,
        Header(
            alias="If-Match",
            description="Entity tags of the version to change: 412 if it has changed since (RFC 9110, 13.1.1).",
            openapi_examples={"version": {"value": '"3"'}},
        ),
    ] = None,
    if_none_match: Annotated[
        list[str] | None,
        _TEXT,
        Header(
            alias="If-None-Match",
            description="Entity tags, or `*` for any: 412 if one of them is current (RFC 9110, 13.1.2).",
        ),
    ] = None,
) -> Conditions:
    return Conditions(Tags.of(if_match), Tags.of(if_none_match))


Preconditions = Annotated[Conditions, Depends(_conditions)]
"""The preconditions of the request."""
