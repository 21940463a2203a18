"""The errors that dead-letter a record: those that it causes. Causes from outside never do."""

import asyncio
import re
import socket
import ssl
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import cast

import aiokafka.errors
import asyncpg
import httpx
import pytest

from bench.folds import Numbers
from domain.times import read_zone
from schemas import records as r
from schemas.codec import Codec, Undecodable
from schemas.registry.client import Registry, RegistryUnavailable
from schemas.topics import DEAD_LETTERS, Topic
from streams.runtime import Block, Context, Stage, Topology
from streams.runtime.intake import POISON
from streams.runtime.postgres_store import UNFIT, WrongEncoding
from streams.runtime.rocksdb import Damaged, DiskError, Unreadable
from streams.runtime.settings import Settings
from streams.runtime.store import LostPosition
from streams.runtime.verdicts import FoldError, StageError

IN = Topic("in", "test", (r.CompleteTask,))
OUT = Topic("out", "test", (r.CommandOutcome,))
DOCUMENT = Path(__file__).parents[3] / "docs" / "architecture.md"


def family(error: type[BaseException]) -> Iterator[type[BaseException]]:
    """Yield an error and all that are of its kind."""
    yield error
    for kind in error.__subclasses__():
        yield from family(kind)


MACHINE = [*family(OSError), *family(MemoryError), *family(ImportError)]
OUTSIDE = {
    *MACHINE,
    *family(aiokafka.errors.KafkaError),
    *family(asyncpg.InterfaceError),
    *family(httpx.HTTPError),
    *family(ssl.SSLError),
    socket.gaierror,
    asyncio.CancelledError,
    RegistryUnavailable,
    LostPosition,
    StageError,
    WrongEncoding,
    DiskError,
    Damaged,
    Unreadable,
}


@pytest.fixture
def stage() -> Stage:
    stage = Stage("judging", reads=(IN,), writes=(OUT,))
    stage.on(IN)(lambda *_: None)
    return stage


def block_of(stage: Stage) -> Block:
    """A block without records."""
    context = Context(Settings(kafka="", registry="", data=Path()), Codec(cast("Registry", Numbers())))
    return Block(Topology.of(stage), context, 0, [], state=None, now=0)


def test_no_error_of_broker_registry_or_machine_dead_letters_a_record():
    assert {error for error in OUTSIDE if issubclass(error, POISON)} == set()


@pytest.mark.parametrize("error", [OSError, MemoryError, ImportError, DiskError, Unreadable, RegistryUnavailable])
async def test_what_lies_in_the_machine_stays_what_it_is_in_a_fold(stage: Stage, error: type[Exception]):
    with (block := block_of(stage)):
        raise error("outside")
    assert type(block.folded.exception()) is error


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
async def test_a_fold_that_a_signal_interrupts_dead_letters_no_record(stage: Stage, error: type[BaseException]):
    with pytest.raises(error), (block := block_of(stage)):
        raise error
    assert not isinstance(block.folded.exception(), POISON)


@pytest.mark.parametrize("damaged", [b"", b"no zone", b"TZif2 in part", b"TZif2" + bytes(40)])
def test_a_time_zone_whose_file_is_damaged_lies_in_the_machine(damaged: bytes):
    with pytest.raises(OSError, match="file of Europe/Paris is damaged"):
        read_zone(BytesIO(damaged), "Europe/Paris")


async def test_what_lies_in_a_record_is_an_error_of_the_fold(stage: Stage):
    with (block := block_of(stage)):
        raise KeyError("no such zone")
    assert isinstance(block.folded.exception(), FoldError)


def test_only_errors_that_the_rows_cause_in_postgres_dead_letter_a_record():
    said = {error.sqlstate for error in family(asyncpg.PostgresError) if error.sqlstate and issubclass(error, UNFIT)}
    stack = {"54001", "54011", "54023"}  # of the class 54000: the store tells them apart, or no row leads there
    of_rows = {"22P02", "22021", "22P05", "22001", "22003", "22007", "22008", "23502", "23514", "54000"}
    assert said == of_rows | stack


def test_nothing_but_what_is_in_the_rows_is_unfit_for_postgres():
    assert not any(issubclass(error, UNFIT) for error in (*OUTSIDE, asyncpg.InvalidParameterValueError, ValueError))


def test_the_document_judges_each_error_that_dead_letters_a_record():
    rows = re.findall(r"^\| (`.*?`) \| the record \|", DOCUMENT.read_text(), re.MULTILINE)
    judged = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert {error.__name__ for error in (*POISON, *UNFIT, Undecodable)} == judged


async def test_a_change_that_is_too_large_for_the_changelog_lies_in_the_record(stage: Stage):
    with (block := block_of(stage)):
        block.change(b"key", bytes(IN.max_bytes))
    assert isinstance(block.folded.exception(), FoldError)


async def test_the_reason_of_a_dead_letter_is_never_too_long_to_stand_beside_the_record(stage: Stage):
    block = block_of(stage)
    await block.context.codec.publish([DEAD_LETTERS])
    block.dead_letter_for_all(raw(b""), "x" * 10_000_000)
    [letter] = block.dead.envelopes(block.context.codec, lambda *_: 0)
    assert len(block.context.codec.decode(letter.value).reason) == 4096  # type: ignore[attr-defined]


def raw(value: bytes) -> aiokafka.ConsumerRecord:
    return aiokafka.ConsumerRecord(IN.name, 0, 0, 0, 0, b"ann", value, None, 0, 0, ())
