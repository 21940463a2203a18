"""The declaration of a stage: what it reads, writes and keeps, and the functions that fold it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from aiokafka import TopicPartition
from msgspec import Struct

from schemas import records as r
from schemas import topics
from schemas.codec import Codec, Serde
from schemas.registry.client import Registry
from schemas.topics import Topic
from streams.runtime.settings import Settings
from streams.runtime.tables import Slot, Table, Timers

V = TypeVar("V", bound=Struct)
Fold = Callable[[Any], None]
"""Folds a block: reads its records, and changes and emits by it what they lead to. It awaits nothing."""
FoldOne = Callable[[Any, Any], None]
"""Folds one record: it gets the block, whose ``record`` it is, and what the record says."""
Tick = Callable[[Any, r.Timer], None]
"""What a timer that has come produces: it gets a block."""
About = Callable[[Any], str]
Began = Callable[[r.Timer], int | None]
Lost = Callable[[Any, str], None]
"""What is done about an effect that nobody performs: it gets a block."""
Leases = Callable[[Any], int]
MakeStore = Callable[..., Any]
"""Makes a ``Store``, given the stage, a ``Context`` and a partition's number."""


class Stage:
    """One stage of the pipeline: what its file declares when it is imported. ``App`` runs it.

    ``writes`` are the topics it alone produces to. ``store`` makes the place where a partition's state and position
    live: RocksDB with a changelog by default, Postgres for views. ``serde`` makes from the registry what encodes and
    decodes records: Avro by default. ``given`` says what of the settings decides: a stage that has it needs several
    inputs, so that its blocks are on record. ``keeps`` describes its state in docs/architecture.md, in Markdown.
    """

    def __init__(
        self,
        name: str,
        *,
        reads: tuple[Topic, ...],
        writes: tuple[Topic, ...] = (),
        store: MakeStore | None = None,
        serde: Callable[[Registry], Serde] = Codec,
        given: Callable[[Settings], dict[str, str]] | None = None,
        keeps: str = "nothing",
    ) -> None:
        self.name = name
        self.keeps = keeps
        self.reads = reads
        self.inputs = frozenset(topic.name for topic in reads)
        self.writes = writes
        self.serde = serde
        self.given = given
        self.store = store
        self.keeps_state = store is None
        """Whether the stage's state is its own, in RocksDB with a changelog."""
        self.slot = Slot(name)
        self.timers: Timers | None = None
        self.queue: Timers | None = None
        self.changelog_name = topics.changelog(name, ()).name
        self.on_timer: Tick | None = None
        self.began: Began | None = None
        """When the wait of a timer began, for timers that are waits and no times that people named."""
        self.lost: tuple[Table[Any], Leases, Lost] | None = None
        """The table of effects that have begun, how patient to be with one, and what to do where nobody performs it."""
        self.ticks: tuple[Topic, ...] = ()
        """The topics that timers emit to: only there a record may name no input that led to it."""
        self.folds: dict[str, Fold] = {}
        """The function that folds the blocks of each input: for its agent, and again for a replay."""
        self.wanted: dict[str, tuple[type[Struct], ...]] = {}
        """The types of records that each input's function folds, none for all of them."""
        self.about: dict[str, About] = {}
        """What a record of an input is about, where a late one has to know whether it was overtaken."""
        self._kept: list[type[Struct]] = []  # the types of records in the state
        self.retries = next((topic for topic in reads if r.Retry in topic.records), None)
        """The input by which dead letters come back, None for a stage that does not read it."""
        self.retried = self.ordered("retried") if self.retries and self.keeps_state else None
        """What was put back, by the time when it died."""

    @property
    def timed(self) -> bytes | None:
        """Return the prefix of the timers' keys in the state, None for a stage without timers."""
        return self.timers.prefix if self.timers else None

    @property
    def changelog(self) -> Topic:
        """Return the topic that the stage's state is restored from."""
        return topics.changelog(self.name, tuple(dict.fromkeys(self._kept)))

    @property
    def blocks(self) -> Topic | None:
        """Return the topic that records how several inputs interleaved; one input needs none."""
        return topics.blocks(self.name) if self.keeps_state and len(self.reads) > 1 else None

    def topics(self) -> tuple[Topic, ...]:
        """Return every topic that the stage touches."""
        own = (self.changelog, *((self.blocks,) if self.blocks else ())) if self.keeps_state else ()
        return tuple(dict.fromkeys((*self.reads, *self.writes, *own, topics.DEAD_LETTERS)))

    def partitions(self, number: int) -> set[TopicPartition]:
        """Return what is read and written by transactions with one partition: one left half done there hides some."""
        numbered = {*(self.topics() if self.keeps_state else self.reads)} - {topics.DEAD_LETTERS}
        found = {TopicPartition(topic.name, number) for topic in numbered}
        return found | ({TopicPartition(topics.DEAD_LETTERS.name, 0)} if self.keeps_state else set())

    def on(
        self, *inputs: Topic, folds: tuple[type[Struct], ...] = (), about: About | None = None
    ) -> Callable[[FoldOne], FoldOne]:
        """Make a function fold these inputs, record by record.

        With ``folds`` it gets records of these types alone, and no time is spent on the others. ``about`` names what a
        record is about, among its key's: then one that is sent again knows whether it was overtaken.
        """

        def register(fold: FoldOne) -> FoldOne:
            @wraps(fold)
            def each(block: Any) -> None:
                for record in block:
                    block.record = record
                    fold(block, record.value)

            self.on_block(*inputs, folds=folds, about=about)(each)
            return fold

        return register

    def on_block(
        self, *inputs: Topic, folds: tuple[type[Struct], ...] = (), about: About | None = None
    ) -> Callable[[Fold], Fold]:
        """Make a function fold these inputs, block by block: for what is done once a block. See ``on``."""

        def register(fold: Fold) -> Fold:
            for topic in inputs:
                if topic not in self.reads:
                    raise ValueError(f"The stage {self.name} declares no input {topic.name}.")
                self.folds[topic.name] = fold
                self.wanted[topic.name] = folds
                if about:
                    self.about[topic.name] = about
            return fold

        return register

    def table(self, name: str, record: type[V]) -> Table[V]:
        """Declare a table of the stage's state."""
        self._kept.append(record)
        return Table(self.slot, name, record)

    def timer(self, name: str, began: Began | None = None) -> Timers:
        """Declare the stage's timers, once; ``on_tick`` says what a timer that has come produces.

        With ``began`` they are waits, which a clock that is set back does not prolong: it returns when the wait of a
        timer began, in milliseconds since 1970, None where that is not known, and may read tables.
        """
        if self.timers:
            raise ValueError(f"The stage {self.name} has timers already: a tick takes those of one name.")
        self.timers, self.began = self.ordered(name), began
        return self.timers

    def queued(self, name: str) -> Timers:
        """Declare what waits in order until there is room for its effect; a tick takes from it as from the timers.

        What is in it is due whatever the clock says. With it, a tick takes no more than there is room for effects, and
        none before what the last one led to has been folded. ``on_lost`` is needed, too.
        """
        self.queue = self.ordered(name)
        return self.queue

    @property
    def taken_by_ticks(self) -> tuple[Timers, ...]:
        """Return the ordered sets that ticks take from."""
        return tuple(each for each in (self.queue, self.timers) if each)

    def ordered(self, name: str) -> Timers:
        """Declare a set in order of time that the stage takes from by itself, by its records' time."""
        self._kept += [r.Timer, r.TimerCursor]
        return Timers(self.slot, name)

    def on_tick(self, *outputs: Topic) -> Callable[[Tick], Tick]:
        """Make a function the stage's answer to a timer that has come: it emits a notice, and changes nothing.

        It may emit to these topics alone, so that a verification knows where a record of a timer may stand.
        """
        for topic in outputs:
            if topic not in self.writes:
                raise ValueError(f"The stage {self.name} declares no output {topic.name}.")

        def register(produce: Tick) -> Tick:
            self.on_timer, self.ticks = produce, outputs
            return produce

        return register

    def on_lost(self, begun: Table[V], leases: Callable[[V], int]) -> Callable[[Lost], Lost]:
        """Make a function the stage's answer to an effect that nobody performs: it gets its key, and emits as a tick.

        ``begun`` holds an entry for each effect that has begun and not ended, under the effect's key. One that this
        process does not perform counts as lost once it was the same for so many ``leases``.
        """

        def register(answer: Lost) -> Lost:
            self.lost = (begun, leases, answer)
            return answer

        return register
