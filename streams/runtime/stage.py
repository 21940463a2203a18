"""The declaration of a stage: what it reads, writes and keeps, and the functions that fold it."""

from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any, TypeVar

from aiokafka import TopicPartition
from msgspec import Struct

from schemas import records as r
from schemas import topics
from schemas.codec import Codec, Serde
from schemas.registry.client import Registry
from schemas.topics import Topic
from streams.runtime.settings import Settings
from streams.runtime.tables import Table, Timers

V = TypeVar("V", bound=Struct)
One = TypeVar("One")
Fold = Callable[[Any], None]
"""Folds a block: reads its records, changes the state and emits output through it. It awaits nothing."""
FoldOne = Callable[[Any, Any], None]
"""Folds one record: it gets the block, whose ``record`` it is, and the record's value."""
Punctuate = Callable[[Any, r.Timer], None]
"""Emits the output of a timer that has fired: it gets the block and the timer."""
About = Callable[[Any], str]
Began = Callable[[r.Timer], int | None]
Lost = Callable[[Any, str], None]
"""Emits the output for an effect that nobody performs: it gets the block and the effect's key."""
Leases = Callable[[Any], int]
MakeStore = Callable[..., Any]
"""Returns a ``Store`` for the stage, a ``Context`` and a partition's number."""
_NONE: Mapping[str, Any] = MappingProxyType({})


class Frozen(AttributeError):
    """A declaration of a stage that runs already."""


class Stage:
    """One stage of the pipeline, declared by its module on import. ``App`` runs it, and freezes it.

    A frozen stage raises ``Frozen`` for any further declaration, so all Apps and replays of a process can share it. It
    freezes in place, instead of a builder returning another object, because its functions and its module's callers
    refer to the object that they were declared with.

    ``writes`` are the topics that only this stage produces to. ``store`` returns the store of a partition's state and
    position: RocksDB with a changelog by default, Postgres for views. ``serde`` returns the codec of records for a
    registry: Avro by default. ``recorded`` returns the settings that affect decisions, recorded for replay: a stage
    that has it needs several inputs, so that its blocks are recorded. ``keeps`` describes its state in
    docs/architecture.md, in Markdown.
    """

    _frozen = False

    def __init__(
        self,
        name: str,
        *,
        reads: tuple[Topic, ...],
        writes: tuple[Topic, ...] = (),
        store: MakeStore | None = None,
        serde: Callable[[Registry], Serde] = Codec,
        recorded: Callable[[Settings], dict[str, str]] | None = None,
        keeps: str = "nothing",
    ) -> None:
        self.name = name
        self.keeps = keeps
        self.reads = reads
        self.inputs = frozenset(topic.name for topic in reads)
        self.writes = writes
        self.serde = serde
        self.recorded = recorded
        self.store = store
        self.keeps_state = store is None
        """Whether the stage has its own state, in RocksDB with a changelog."""
        self.timers: Timers | None = None
        self.queue: Timers | None = None
        self.changelog_name = topics.changelog(name, ()).name
        self.punctuate: Punctuate | None = None
        self.began: Began | None = None
        """Returns when the wait of a timer began, for timers that are waits instead of times set by users."""
        self.lost: tuple[Table[Any], Leases, Lost] | None = None
        """The table of effects that have begun, the leases to wait for one, and the function for a lost one."""
        self.timer_outputs: tuple[Topic, ...] = ()
        """The topics that timers emit to: only there a record may have no input that caused it."""
        self.folds: Mapping[str, Fold] = _NONE
        """The function that folds the blocks of each input: for its agent, and for a replay."""
        self.wanted: Mapping[str, tuple[type[Struct], ...]] = _NONE
        """The record types that each input's function folds, empty for all of them."""
        self.about: Mapping[str, About] = _NONE
        """Returns the subject of an input's record, for inputs where a retried record may be overtaken."""
        self._kept: tuple[type[Struct], ...] = ()  # the types of records in the state
        self.retries = next((topic for topic in reads if r.Retry in topic.records), None)
        """The input of retried dead letters, None for a stage that does not read it."""
        self.retried = self.ordered("retried") if self.retries and self.keeps_state else None
        """The records that were put back, by the time of their first dead letter."""

    def __setattr__(self, name: str, value: object) -> None:
        if self._frozen:
            raise Frozen(f"The stage {self.name} runs already: declare all of it before its App.")
        super().__setattr__(name, value)

    def freeze(self) -> None:
        """Refuse any further declaration."""
        if not self._frozen:
            self._frozen = True

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
        """Return the topic that records how several inputs were interleaved; a single input needs none."""
        return topics.blocks(self.name) if self.keeps_state and len(self.reads) > 1 else None

    def topics(self) -> tuple[Topic, ...]:
        """Return every topic that the stage reads or writes."""
        own = (self.changelog, *((self.blocks,) if self.blocks else ())) if self.keeps_state else ()
        return tuple(dict.fromkeys((*self.reads, *self.writes, *own, topics.DEAD_LETTERS)))

    def partitions(self, number: int) -> set[TopicPartition]:
        """Return the partitions that one task reads and writes: an unfinished transaction there hides records."""
        numbered = {*(self.topics() if self.keeps_state else self.reads)} - {topics.DEAD_LETTERS}
        found = {TopicPartition(topic.name, number) for topic in numbered}
        return found | ({TopicPartition(topics.DEAD_LETTERS.name, 0)} if self.keeps_state else set())

    def on(
        self, *inputs: Topic, folds: tuple[type[Struct], ...] = (), about: About | None = None
    ) -> Callable[[FoldOne], FoldOne]:
        """Register a function that folds these inputs, record by record.

        With ``folds`` it gets only records of these types; others are skipped without being decoded. ``about`` returns
        the subject of a record within its key: then a record that is sent again knows whether it was overtaken.
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
        """Register a function that folds these inputs, block by block: for work done once per block. See ``on``."""

        def register(fold: Fold) -> Fold:
            for topic in inputs:
                if topic not in self.reads:
                    raise ValueError(f"The stage {self.name} declares no input {topic.name}.")
                self.folds = _with(self.folds, topic, fold)
                self.wanted = _with(self.wanted, topic, folds)
                if about:
                    self.about = _with(self.about, topic, about)
            return fold

        return register

    def table(self, name: str, record: type[V]) -> Table[V]:
        """Declare a table of the stage's state."""
        self._kept += (record,)
        return Table(self.name, name, record)

    def timer(self, name: str, began: Began | None = None) -> Timers:
        """Declare the stage's timers, once; the function of ``on_timer`` emits the output of one that has fired.

        With ``began`` they are waits, which setting the clock back does not prolong: it returns when the wait of a
        timer began, in milliseconds since 1970, None if unknown, and may read tables.
        """
        if self.timers:
            raise ValueError(f"The stage {self.name} has timers already: a punctuation takes those of one name.")
        self.timers, self.began = self.ordered(name), began
        return self.timers

    def queued(self, name: str) -> Timers:
        """Declare a queue whose entries wait, in order, for room for their effects; a punctuation takes from it, too.

        Its entries are always due. With it, a punctuation takes no more entries than there is room for effects, and
        none before the output of the last one has been folded. ``on_lost`` is needed, too.
        """
        self.queue = self.ordered(name)
        return self.queue

    @property
    def punctuated(self) -> tuple[Timers, ...]:
        """Return the ordered sets that punctuations take from."""
        return tuple(each for each in (self.queue, self.timers) if each)

    def ordered(self, name: str) -> Timers:
        """Declare a set ordered by time that the stage itself takes from, by its records' time."""
        self._kept += (r.Timer, r.TimerCursor)
        return Timers(self.name, name)

    def on_timer(self, *outputs: Topic) -> Callable[[Punctuate], Punctuate]:
        """Register the function for a timer that has fired (a punctuation): it emits a notice, and changes no state.

        It may emit only to these topics, so that a verification knows where a timer's record may be.
        """
        for topic in outputs:
            if topic not in self.writes:
                raise ValueError(f"The stage {self.name} declares no output {topic.name}.")

        def register(produce: Punctuate) -> Punctuate:
            self.punctuate, self.timer_outputs = produce, outputs
            return produce

        return register

    def on_lost(self, begun: Table[V], leases: Callable[[V], int]) -> Callable[[Lost], Lost]:
        """Register the function for an effect that nobody performs: it gets its key, and emits as for a timer.

        ``begun`` has an entry for each effect that has begun and not ended, under the effect's key. An effect that this
        process does not perform counts as lost once its entry was unchanged for ``leases(entry)`` leases.
        """

        def register(answer: Lost) -> Lost:
            self.lost = (begun, leases, answer)
            return answer

        return register


def _with(declared: Mapping[str, One], topic: Topic, one: One) -> Mapping[str, One]:
    return MappingProxyType({**declared, topic.name: one})
