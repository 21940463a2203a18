"""A block folded again, by the stage's own function."""

from collections.abc import Iterator, Mapping

from aiokafka.structs import ConsumerRecord

from domain.decision import VERSION
from streams.runtime import Block, Context, Stage
from streams.runtime.block import Record, place
from streams.runtime.retries import fold_of
from streams.runtime.rocksdb import StateStore


class Replayed(Block):
    """A block as it was taken once: it ends where it ended, performs no effect, and only notes what is set aside."""

    tells = False

    def __init__(  # noqa: PLR0917 - called once, in this order
        self,
        stage: Stage,
        context: Context,
        partition: int,
        raws: list[ConsumerRecord],
        state: StateStore | None,
        now: int,
        given: Mapping[str, str],
        rules: str = VERSION,
    ) -> None:
        super().__init__(stage, context, partition, raws, state=state, now=now)
        self.given = {**self.given, **given}
        self.rules = rules
        self.aside: dict[int, str] = {}
        """The offsets of the records that were set aside, and why."""
        self.passed_over: frozenset[int] = frozenset()
        """The offsets of records that are not folded."""
        self.sources: list[str] = []
        """The record that each row came from."""
        self.changed_by: dict[bytes, ConsumerRecord] = {}
        """The record that changed each key last."""

    def __iter__(self) -> Iterator[Record]:
        return (record for record in super().__iter__() if record.raw.offset not in self.passed_over)

    def change(self, key: bytes, value: bytes | None) -> None:
        """Change the state, and note which record did."""
        super().change(key, value)
        if self._folding:
            self.changed_by[key] = self._folding

    def row(self, query: str, values: tuple[object, ...]) -> None:
        """Write a row, and note which record did."""
        super().row(query, values)
        if self._folding:
            self.sources.append(place(self._folding))

    def dead_letter(self, raw: ConsumerRecord, reason: str) -> None:
        """Note that a record is set aside."""
        self.aside[raw.offset] = reason

    def after_commit(self, act: object, key: str | None = None, hand_over: object = None) -> None:
        """Perform nothing: a replay sends nothing."""


def fold(block: Block) -> None:
    """Fold a block as the stage's agent does. Raises ``FoldError`` as it does for a partition."""
    assert block.topic
    with block:
        fold_of(block.stage, block.topic)(block)
    block.folded.result()
