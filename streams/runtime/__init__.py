"""Faust in blocks: exactly-once state and output, one Kafka transaction per block.

Who does what, as in Kafka Streams but on Faust::

    Stage       what a stage reads, writes and keeps         stage.py       a declaration, frozen once it runs
    Topology    stages that run as one                       topology.py    as a Kafka Streams sub-topology
    Context     settings, codec, clock: what it runs with    context.py, settings.py
    App         runs a topology in this process              app.py         a Faust app; it refuses some: refusals.py
    Runtime     owns the consumer, assigns partitions        consumer.py    a service of the Faust app
    Worker      a worker's membership of its group           membership.py
    StreamTask  one owner's processing of one partition      task.py        open, one block after another, close
    Phase       the state of a task                          phases.py      and which may follow which
    Ahead       positions beyond the log's end               ahead.py       compared when a task opens
    Closed      inputs that do no work after an error        alarm.py
    Intake      the next block's records, and how many       intake.py      halving, down to the poison record
    Pace        when the next block goes                     pace.py        at once, or after a gap while much happens
    Buffer      fetched records that wait for a block        buffer.py      of one input's partition
    Punctuation blocks of timers that are due                punctuation.py and of lost effects, as there is room
    Waits       timers that a clock set back would prolong   waits.py
    Agents      hand blocks to the Faust agents              agents.py      one at a time
    Block       a bounded number of records, folded          block.py       stage by stage, each at once what it emits
    UnitOfWork  what a block's folds lead to                 unit_of_work.py each fold of it can be taken back
    failure     what an error of a fold leads to             verdicts.py    a dead letter, or another attempt
    Record      what a stage folds                           record.py      of the log, or handed on in memory
    DeadLetters what a stage could not fold                  poison.py      of a block
    Table       keyed state, and timers, through the block   tables.py      Table, Index, Timers
    Backfill    an index of a table that is older than it    backfill.py    built when a task opens
    Effects     side effects after a commit, as sending      effects.py     beside the tasks, a bounded number at a time
    Store       where a task's state and position live       store.py       kafka_store.py (RocksDB and changelog) or
                                                                            postgres_store.py
    StateStore  a partition's state on the disk              rocksdb.py, disk.py
    Progress    how far a restore is                         restoring.py
    claim       how a topology makes a partition its own     ownership.py   before its first block there
    put_back    folds dead letters that are sent again       put_back.py, retries.py
    Watch       a topology's lag, and whether it stalls         watch.py, metrics.py, exposition.py
    Point       where a test makes a worker fail             failpoints.py

Commits: a topology's output, state changes and input position are one transaction, then written to RocksDB, which
may therefore be behind its changelog, but never ahead. A Postgres stage's rows and position are one Postgres
transaction. Group offsets are never read.

Ownership: a worker that is assigned a partition by the group does not own it yet. The task of a Kafka stage begins by
initialising two fixed transactional ids, 0 then 1, and only then reads the end of the changelog. Blocks are committed
by the two alternately, 0 first, so only the worker that initialised both last can commit, and nothing of another worker
can follow that end. The task of a Postgres stage needs no such beginning: each block's first statement moves the
position from where the block was read, and updates no row if another owner has moved it. A task ends when the group
revokes the partition, or the worker stops; after any error it opens again, once the group confirms the worker.

Recovery from a crash, by the points of ``failpoints.py`` in the order in which a task passes them::

    fencing, fenced, restored            nothing of a former owner can follow; the next one fences and restores again
    fetched, folded                      nothing was done: the same records are read from the position again
    begun, produced, changelogged        an open transaction, which nobody reads: the next owner's fencing aborts it
    between changelogged and committed   all or nothing: fencing settles which, and the restored position says so
    committed                            all was done; RocksDB is behind, and catches up from the changelog
    written, acknowledged                all was done except effects, as sending: the next owner claims them again
    delivered                            sent, but not recorded: it is sent again under the same id
    stated                               an open transaction of Postgres: closing its connection rolls it back
    rows-committed                       rows and position are committed; a late owner's next block moves no position
    revoked                              as at the point that the running block had reached

A worker that was suspended meanwhile finds its producers fenced, or its position moved, and can commit nothing.
"""

from streams.runtime.app import App
from streams.runtime.block import Block
from streams.runtime.context import Context
from streams.runtime.record import Record
from streams.runtime.stage import Stage
from streams.runtime.tables import Index, Table, Timers
from streams.runtime.topology import Topology

__all__ = ["App", "Block", "Context", "Index", "Record", "Stage", "Table", "Timers", "Topology"]
