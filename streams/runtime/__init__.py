"""Faust in blocks: exactly-once state and output, one Kafka transaction per block.

Who does what::

    Stage      what a stage reads, writes, remembers        stage.py      declaration, one per stage file
    Context    settings, codec, clock: what it runs with    context.py    of a worker, a replay, a test
    App        runs a stage in this process                 app.py        a Faust app
    Runtime    owns the consumer, hands out partitions      consumer.py   a service of the Faust app
    Partition  one owner's turn with one partition          partition.py  open, one block after another, close
    Block      a bounded number of records, folded          block.py      what the agent sees
    Effects    what is done outside, as sending             effects.py    beside the partitions, so many at a time
    Store      where a partition's state and position live  kafka.py (RocksDB and changelog), postgres.py
    Watch      how far a stage is behind, whether it moves  watch.py, metrics.py
    Point      where a test lets a worker fail              failpoints.py

What is committed when: a Kafka stage's output, state changes and input position are one transaction, then written to
RocksDB, which may so be behind its changelog and never ahead. A Postgres stage's rows and position are one Postgres
transaction. Group offsets are never read.

Who owns a partition when: being assigned it by the group is not yet owning it. A turn with a Kafka stage's partition
begins by initialising two fixed transactional ids, 0 then 1, and only then reads where the changelog ends. Every block
is committed by one of the two in turn, 0 first, so whoever initialised both last is the only one who can commit, and
nothing of anybody else can follow that end. A turn with a Postgres stage's partition needs no beginning: each block's
first statement moves the position from where the block was read, and touches no row for who comes second. A turn ends
when the group revokes the partition, or the worker stops; after any error it is begun anew, once the group still knows
the worker.

What a crash leads to, by the points of ``failpoints.py`` in the order of a turn::

    fencing, fenced, restored            nothing of a former owner can follow; the next one fences and restores anew
    fetched, folded                      nothing was done: the same records are read from the position again
    begun, produced, changelogged        an open transaction, which nobody reads: the next owner's fencing aborts it
    between changelogged and committed   all or nothing: fencing settles which, and the restored position says so
    committed                            all was done; RocksDB is behind, and caught up from the changelog
    written, acknowledged                all was done but the effects, as sending: the next owner claims them again
    delivered                            sent, and nobody knows: it is sent again under the same id
    stated                               an open transaction of Postgres: its connection's end rolls it back
    rows-committed                       rows and position stand; a late owner's next block moves no position
    revoked                              as at the point that the running block had come to

Whoever stood still meanwhile and wakes up finds its producers fenced, or its position moved, and can commit nothing.
"""

from streams.runtime.app import App
from streams.runtime.block import Block, Record
from streams.runtime.context import Context
from streams.runtime.stage import Stage
from streams.runtime.tables import Table, Timers

__all__ = ["App", "Block", "Context", "Record", "Stage", "Table", "Timers"]
