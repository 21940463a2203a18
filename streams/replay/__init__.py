"""Replay: the log folded again by the stages' own code, and compared with all that stands.

    reading     committed records, partition by partition, up to fixed ends     streams/kafka/reading.py
    course      which records each block took                                   course.py
    block       one block, folded by the stage's agent                          block.py
    fold        a partition of a stage, block after block                       fold.py
    cut         a moment of a running stage at which all can be compared        cut.py
    outputs     what deciding again emits, and what stands on the topics        outputs.py
    partition   a stage-partition: outputs, changelog, disk                     partition.py
    views       Postgres: the same statements on empty tables                   views.py
    span        since where and until where                                     span.py
    laws        what must hold whatever the stages' code does                   laws.py

Nothing is written but temporary files and temporary tables.
"""

from streams.replay.difference import Difference, Differs
from streams.replay.entries import Scope, replay
from streams.replay.ranges import Mark, NotAMark
from streams.replay.recorded_blocks import OtherRules
from streams.replay.verify import Report, verify

__all__ = ["Difference", "Differs", "Mark", "NotAMark", "OtherRules", "Report", "Scope", "replay", "verify"]
