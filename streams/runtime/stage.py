"""The declaration of a stage: what it reads, writes and keeps, and the functions that fold it."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from msgspec import Struct

from schemas import records as r
from schemas.codec import Codec, Serde
from schemas.registry.client import Registry
from schemas.topics import Topic
from streams.runtime.backfill import Backfill, Each
from streams.runtime.settings import Settings
from streams.runtime.tables import Index, Table, Timers

V = TypeVar("V", bound=Struct)
One = TypeVar("One")
Fold = Callable[[Any, Any], None]
"""Folds a record: it gets the block, whose ``record`` it is, and the record's value. It changes the state and emits
output through the block, and awaits nothing."""
End = Callable[[Any, Sequence[Any]], None]
"""Ends a block: it gets the block, and the values of the stage's records in it."""
Punctuate = Callable[[Any, r.Timer], None]
"""Emits the output of a timer that has fired: it gets the block and the timer."""
Opened = Callable[[Any], r.Timer | None]
"""Returns a timer to fire at once, if there is anything to notice: it gets the block of a task that is opened."""
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
    """One stage of the pipeline, declared by its module on import. A ``Topology`` runs it, and freezes it.

    A frozen stage raises ``Frozen`` for any further declaration, so all Apps and replays of a process can share it. It
    freezes in place, instead of a builder returning another object, because its functions and its module's callers
    refer to the object that they were declared with.

    ``writes`` are the topics that only this stage produces to, ``outside`` those of them that its effects produce to
    also outside of blocks. ``store`` returns the store of a partition's state and position: RocksDB with a changelog by
    default, Postgres for views. ``serde`` returns the codec of records for a registry: Avro by default. ``recorded``
    returns the settings that affect decisions, recorded for replay. ``keeps`` describes its state in
    docs/architecture.md, in Markdown. ``alone`` says why it can't run in one topology with others, if so, as a clause.
    With ``mixes`` a block takes from all inputs at once: their order among each other, which is not recorded, must not
    matter.
    """

    _frozen = False

    def __init__(
        self,
        name: str,
        *,
        reads: tuple[Topic, ...],
        writes: tuple[Topic, ...] = (),
        outside: tuple[Topic, ...] = (),
        store: MakeStore | None = None,
        serde: Callable[[Registry], Serde] = Codec,
        recorded: Callable[[Settings], dict[str, str]] | None = None,
        keeps: str = "nothing",
        alone: str = "",
        mixes: bool = False,
    ) -> None:
        self.name = name
        self.keeps = keeps
        self.alone = alone
        self.mixes = mixes
        self.reads = reads
        self.inputs = frozenset(topic.name for topic in reads)
        self.writes = writes
        self.outside = outside
        self.serde = serde
        self.recorded = recorded
        self.store = store
        self.keeps_state = store is None
        """Whether the stage has its own state, in RocksDB with a changelog."""
        self.timers: Timers | None = None
        self.queue: Timers | None = None
        self.punctuate: Punctuate | None = None
        self.began: Began | None = None
        """Returns when the wait of a timer began, for timers that are waits instead of times set by users."""
        self.lost: tuple[Table[Any], Leases, Lost] | None = None
        """The table of effects that have begun, the leases to wait for one, and the function for a lost one."""
        self.timer_outputs: tuple[Topic, ...] = ()
        """The topics that timers emit to: only there a record may have no input that caused it."""
        self.folds: Mapping[str, Fold] = _NONE
        """The function that folds the records of each input."""
        self.wanted: Mapping[str, tuple[type[Struct], ...]] = _NONE
        """The record types that each input's function folds, empty for all of them."""
        self.about: Mapping[str, About] = _NONE
        """Returns the subject of an input's record, for inputs where a retried record may be overtaken."""
        self.end: End | None = None
        """Called once a block, after its records, if the stage has folded any."""
        self.opened: Opened | None = None
        """Called when a task is opened, before any record is folded."""
        self.backfills: tuple[Backfill, ...] = ()
        """Its indexes of tables that may be older."""
        self.kept: tuple[type[Struct], ...] = ()
        """The types of the records in its state."""
        self.retries = next((topic for topic in reads if r.Retry in topic.records), None)
        """The input of retried dead letters, None for a stage that does not read it."""
        self.retried = self.ordered("retried") if self.retries and self.keeps_state else None
        """The records that were put back, by the time of their first dead letter."""

    def __setattr__(self, name: str, value: object) -> None:
        if self._frozen:
            raise Frozen(f"The stage {self.name} runs already: declare all of it before it runs.")
        super().__setattr__(name, value)

    def freeze(self) -> None:
        """Refuse any further declaration."""
        if not self._frozen:
            self._frozen = True

    def on(
        self, *inputs: Topic, folds: tuple[type[Struct], ...] = (), about: About | None = None
    ) -> Callable[[Fold], Fold]:
        """Register a function that folds the records of these inputs.

        With ``folds`` it gets only records of these types; others are skipped, and not decoded if no stage folds them.
        ``about`` returns the subject of a record within its key: then a record that is sent again knows whether it was
        overtaken. If the function raises, the record is a dead letter of this stage, and what it did is taken back.
        """

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

    def on_end(self, end: End) -> End:
        """Register a function for work that is done once a block, after its records: it emits nothing.

        If it raises, the block is given up and folded again after a pause, until it succeeds.
        """
        self.end = end
        return end

    def table(self, name: str, record: type[V], *others: type[V]) -> Table[V]:
        """Declare a table of the stage's state, of records of one type or several."""
        self.kept += (record, *others)
        return Table(self.name, name, record)

    def index(self, name: str) -> Index:
        """Declare an index, which the stage's functions keep."""
        self.kept += (r.Member,)
        return Index(self.name, name)

    def backfill(self, index: Index | Timers, table: Table[V]) -> Callable[[Each], Each]:
        """Register a function that adds a table's record to an index or ordered set that older states lack."""

        def register(each: Each) -> Each:
            self.kept += (r.BackfillCursor,)
            self.backfills += (Backfill(self, index, table, each),)
            return each

        return register

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
        self.kept += (r.Timer, r.TimerCursor)
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

    def on_open(self, opened: Opened) -> Opened:
        """Register a function that may return a timer to fire when a task is opened, before any record is folded.

        It is for what changes outside the log, as the time zone data: its notice brings that onto the log.
        """
        self.opened = opened
        return opened

    def on_lost(self, begun: Table[V], leases: Callable[[V], int]) -> Callable[[Lost], Lost]:
        """Register the function for an effect that nobody performs: it gets its key, and emits as for a timer.

        ``begun`` has an entry for each effect that has begun and not ended, under the effect's key. An effect that this
        process does not perform counts as lost once its entry was unchanged for ``leases(entry)`` leases. If the
        function raises, that is logged, and it is called again after a lease.
        """

        def register(answer: Lost) -> Lost:
            self.lost = (begun, leases, answer)
            return answer

        return register


def _with(declared: Mapping[str, One], topic: Topic, one: One) -> Mapping[str, One]:
    return MappingProxyType({**declared, topic.name: one})
