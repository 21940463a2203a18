"""Replay: the log folded again by the stages' own functions, and compared with what there is.

From ``rondo verify`` to the comparison of a record, in the order of reading:

    verify           stage after stage: connects, and verifies each partition
    target           one partition, at one moment of a running stage at which all can be compared
    verify_state     restores what the changelog holds, and compares what folding again leads to; timers, disk
    fold             a partition of a stage, block after block, by the stage's functions
    eras             which topologies a partition's stages ran in before, whose state a fold begins with
    recorded_blocks  which records each block took
    outputs          what deciding again emits, and what is on the topics, record by record
    difference       two messages, or two states, compared, and where they differ

Besides:

    dead_letters     what the runtime dead-lettered, which a fold can't know
    invariants       what must hold regardless of the stages' code
    verify_views     Postgres: the same statements on empty tables
    entries          ``rondo replay``: the result of folding the log, as plain data
    ranges           since and until which position on the log

Only temporary files and temporary tables are written.
"""

from streams.replay.difference import Difference, Differs
from streams.replay.entries import Scope, replay
from streams.replay.ranges import LogPosition, NotAPosition
from streams.replay.recorded_blocks import OtherVersion
from streams.replay.verify import Report, verify

__all__ = [
    "Difference",
    "Differs",
    "LogPosition",
    "NotAPosition",
    "OtherVersion",
    "Report",
    "Scope",
    "replay",
    "verify",
]
