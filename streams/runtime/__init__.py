"""Faust in blocks: exactly-once state and output, one Kafka transaction per block.

Who does what::

    Stage      what a stage reads, writes, remembers        stage.py      declaration, one per stage file
    Runtime    owns the consumer, hands out partitions      consumer.py   a service of the Faust app
    Partition  one owner's turn with one partition          partition.py  open, one block after another, close
    Block      a bounded number of records, folded          block.py      what the agent sees
    Store      where a partition's state and position live  kafka.py (RocksDB and changelog), postgres.py

What is committed when: a Kafka stage's output, state changes and input position are one transaction, then written to
RocksDB, which may so be behind its changelog and never ahead. A Postgres stage's rows and position are one Postgres
transaction. Group offsets are never read.

What a crash leads to: before the commit nothing was done, and the block is read again; after it, all was, and the
position says so. In between the next owner's fencing settles it: initialising the same transactional id ends the open
transaction one way or the other before the state is restored.
"""

from streams.runtime.block import Block, Record
from streams.runtime.stage import Stage, Stream
from streams.runtime.state import Table, Timers

__all__ = ["Block", "Record", "Stage", "Stream", "Table", "Timers"]
