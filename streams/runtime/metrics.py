"""A stage's counters and histograms for Prometheus, updated at most once per block, never per record.

``docs/metrics.md`` explains each metric.
"""

from collections import Counter as Counted
from math import nan
from operator import attrgetter

from prometheus_client import Counter, Gauge, Histogram

from schemas.kafka.clock_watch import ClockWatch
from streams.runtime.block import Block
from streams.runtime.effects import Outcomes
from streams.runtime.topology import Topology

_SIZES = (0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)
_BYTES = tuple(4.0**power for power in range(4, 14))  # 256 bytes to 64 MiB
_TIMES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_LATENESSES = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600, 86_400)

_RECORDS = Counter("rondo_records", "Input records in committed blocks.", ("stage", "topic"))
_OUTPUT = Counter("rondo_output_records", "Records produced by committed blocks.", ("stage", "topic"))
_BLOCK_RECORDS = Histogram(
    "rondo_block_records", "Input records of a committed block; 0 for a punctuation.", ("stage",), buckets=_SIZES
)
_BLOCK_BYTES = Histogram(
    "rondo_block_bytes", "Output, changes and rows of a committed block.", ("stage",), buckets=_BYTES
)
_FOLD = Histogram("rondo_fold_seconds", "Folding a block, in which nothing else runs.", ("stage",), buckets=_TIMES)
_COMMIT = Histogram("rondo_commit_seconds", "Committing a block.", ("stage",), buckets=_TIMES)
_LATENESS = Histogram(
    "rondo_timer_lateness_seconds", "Lateness of a punctuation's earliest timer.", ("stage",), buckets=_LATENESSES
)
_DEAD = Counter("rondo_dead_letters", "Records and timers dead-lettered.", ("stage",))
_REFUSED = Counter("rondo_refused_blocks", "Blocks retried with fewer records, to find a poison record.", ("stage",))
_RETRIES = Counter("rondo_retries", "Times that a partition was closed after an error and opened again.", ("stage",))
STATES_ASIDE = Counter("rondo_states_set_aside", "Damaged states moved aside and restored whole.", ("stage",))
_EFFECTS = Counter("rondo_effects", "Effects that ended, such as deliveries.", ("stage", "outcome"))
_AHEAD = Gauge("rondo_clock_ahead_seconds", "Seconds that the clock is ahead of the broker's; NaN while unknown.")
_AHEAD.set(nan)
_JUMPS = Counter("rondo_clock_jumps", "Times that the clock was set on or back by a minute or more.")


class Metrics:
    """The metrics of one topology, looked up once: a look-up by labels costs as much as an update."""

    def __init__(self, topology: Topology) -> None:
        name = topology.name
        self._name = name
        self._records = {topic.name: _RECORDS.labels(name, topic.name) for topic in topology.reads}
        self._output = {topic.name: _OUTPUT.labels(name, topic.name) for topic in topology.writes}
        self._block_records = _BLOCK_RECORDS.labels(name)
        self._block_bytes = _BLOCK_BYTES.labels(name)
        self._fold = _FOLD.labels(name)
        self._commit = _COMMIT.labels(name)
        self._lateness = _LATENESS.labels(name)
        self._dead = _DEAD.labels(name)
        self.refused = _REFUSED.labels(name)
        self.retries = _RETRIES.labels(name)
        STATES_ASIDE.labels(name)  # so that it is reported as 0
        self.effects = Outcomes(_EFFECTS.labels(name, "done"), _EFFECTS.labels(name, "failed"))

    def committed(self, block: Block, seconds: float) -> None:
        """Count a committed block; ``seconds`` is the duration of its commit."""
        for topic, records in Counted(map(attrgetter("topic"), block.raws)).items():
            self._records[topic].inc(records)
        for topic, outputs in block.outputs.items():
            self._output[topic].inc(len(outputs))
        self._block_records.observe(len(block.raws))
        self._block_bytes.observe(block.bytes)
        self._fold.observe(block.fold_seconds)
        self._commit.observe(seconds)
        if block.dead:
            self._dead.inc(len(block.dead))
        if block.earliest is not None:
            self._lateness.observe(max(0, block.now - block.earliest) / 1000)


class ClockMetrics:
    """The metrics of the process's clock."""

    def __init__(self) -> None:
        self._jumps = 0

    def __call__(self, watch: ClockWatch) -> None:
        """Update the metrics."""
        _AHEAD.set(nan if watch.ahead is None else watch.ahead)
        _JUMPS.inc(watch.jumps - self._jumps)
        self._jumps = watch.jumps
