"""The registry's operations and refusals. A change is on the log before it is answered."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn, TypeVar

from schemas.registry import bounds
from schemas.registry.compatibility import InvalidSchema, Level, normal, objections
from schemas.registry.log import SchemaLog, StorageUnavailable
from schemas.registry.subjects import SchemaEntry, Subjects, Version, deleted, level_entry, version_entry

Answer = TypeVar("Answer")
_DIGITS = 10
"""The most digits of a version's number."""


class Refusal(Exception):
    """Why a request is refused, with Confluent's error code. The HTTP status is the code's first three digits."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = int(str(code)[:3])


class Service:
    """The registry. Changes are serialized; reads see the last one that was written."""

    def __init__(self, log: SchemaLog) -> None:
        self._log = log
        self._writing = asyncio.Lock()
        self.subjects = Subjects()

    async def open(self) -> None:
        """Read everything from the log; raises StorageUnavailable."""
        async with self._writing:
            await self._read()

    async def close(self) -> None:
        """Close the log."""
        await self._log.close()

    async def register(self, subject: str, text: str) -> Version:
        """Return the version of the subject that has this schema, a new one if there is none."""
        await asyncio.to_thread(_check, subject, text)

        def decide() -> tuple[Version, list[SchemaEntry]]:
            if found := self.subjects.find(subject, text):
                return found, []
            if reasons := self._objections(subject, text, self.subjects.versions(subject)):
                details = " ".join(reasons)
                raise Refusal(409, f'The schema is incompatible with an earlier one of subject "{subject}". {details}')
            version = self.subjects.next_version(subject, text)
            return version, [version_entry(version)]

        return await self._change(decide)

    async def objections(self, subject: str, text: str, earlier: list[Version]) -> list[str]:
        """Return why the schema can't follow these versions under the subject's level."""
        await asyncio.to_thread(_check, subject, text)
        return await asyncio.to_thread(self._objections, subject, text, earlier)

    def _objections(self, subject: str, text: str, earlier: list[Version]) -> list[str]:
        return objections(self.subjects.asked(subject), text, [(each.version, each.schema) for each in earlier])

    async def find(self, subject: str, text: str, with_deleted: bool = False) -> Version:
        """Return the version of the subject that has this schema."""
        await asyncio.to_thread(_check, subject, text)
        self.versions(subject, with_deleted)
        return self.subjects.find(subject, text, with_deleted) or _refuse(40403, "Schema not found.")

    def versions(self, subject: str, with_deleted: bool = False) -> list[Version]:
        """Return a subject's versions, oldest first."""
        return self.subjects.versions(subject, with_deleted) or _refuse(40401, f'Subject "{subject}" not found.')

    def version(self, subject: str, number: str, with_deleted: bool = False) -> Version:
        """Return one version, by its number or ``latest``."""
        found = self.versions(subject, with_deleted)
        if number in {"latest", "-1"}:
            return found[-1]
        if not number.isdecimal() or len(number) > _DIGITS or int(number) < 1:
            _refuse(42202, f'"{number}" is not a version: give a number from 1, or latest.')
        matches = (each for each in found if each.version == int(number))
        return next(matches, None) or _refuse(40402, f"Version {number} not found.")

    def schema(self, number: int) -> str:
        """Return the schema that has this id."""
        return self.subjects.schema(number) or _refuse(40403, f"Schema {number} not found.")

    async def delete(self, subject: str, number: str | None = None) -> list[Version]:
        """Delete one version, or all: new schemas are not compared with them, but messages stay readable."""

        def decide() -> tuple[list[Version], list[SchemaEntry]]:
            gone = [self.version(subject, number)] if number else self.versions(subject)
            return gone, [version_entry(deleted(version)) for version in gone]

        return await self._change(decide)

    def level(self, subject: str | None, or_everyones: bool = False) -> Level:
        """Return the level that was set for a subject, or the global one."""
        level = self.subjects.level(subject)
        if level is None and (subject is None or or_everyones):
            return self.subjects.asked(subject or "")
        return level or _refuse(40408, f'Subject "{subject}" has no compatibility level of its own.')

    async def configure(self, subject: str | None, name: str | None) -> Level:
        """Set the level of a subject, or the global one; unset it without a name. Returns the level set or unset."""
        _check_subject(subject or "")
        if name is not None and name.upper() not in Level.__members__:
            _refuse(42203, f'"{name}" is not a compatibility level: give one of {", ".join(Level)}.')

        def decide() -> tuple[Level, list[SchemaEntry]]:
            level = Level(name.upper()) if name is not None else None
            return level or self.level(subject), [level_entry(subject, level)]

        return await self._change(decide)

    async def _change(self, decide: Callable[[], tuple[Answer, list[SchemaEntry]]]) -> Answer:
        """Write what is decided and return the answer. After an error read the log and decide again, once."""
        async with self._writing:
            with suppress(StorageUnavailable):
                return await self._keep(decide)
            return await self._keep(decide)

    async def _keep(self, decide: Callable[[], tuple[Answer, list[SchemaEntry]]]) -> Answer:
        await self._read()
        answer, entries = await asyncio.to_thread(decide)  # comparing schemas may take a second
        for entry in entries:
            await self._log.append(entry)
            self.subjects.apply(entry)
        return answer

    async def _read(self) -> None:
        """Read the log again, unless it is open."""
        if self._log.is_open:
            return
        subjects = Subjects()
        for entry in await self._log.open():
            subjects.apply(entry)
        self.subjects = subjects


def _check(subject: str, text: str) -> None:
    """Refuse an invalid name of a subject, or an invalid schema."""
    _check_subject(subject)
    try:
        bounds.check(text)
        normal(text)
    except InvalidSchema as error:
        raise Refusal(42201, str(error)) from error


def _check_subject(subject: str) -> None:
    if len(subject) > bounds.MAX_SUBJECT:
        _refuse(42208, f"The name of a subject has at most {bounds.MAX_SUBJECT} characters.")


def _refuse(code: int, message: str) -> NoReturn:
    raise Refusal(code, message)
