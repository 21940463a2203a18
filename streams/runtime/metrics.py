"""The figures of a stage, for Prometheus.

What happens is counted where it happens, at most once a block: never once a record. How things stand is looked up when
somebody asks, so what a worker does not own any more is not told any more. ``docs/metrics.md`` explains each figure.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import nan
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from schemas import logs
from schemas.clock import ClockWatch
from streams.runtime import watch

if TYPE_CHECKING:
    from streams.runtime.block import Block
    from streams.runtime.consumer import Runtime
    from streams.runtime.partition import Partition
    from streams.runtime.stage import Stage

_SIZES = (0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)
_BYTES = tuple(4.0**power for power in range(4, 14))  # 256 bytes to 64 MiB
_TIMES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_LATENESSES = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600, 86_400)

_RECORDS = Counter("rondo_records", "Input records in committed blocks.", ("stage", "topic"))
_OUTPUT = Counter("rondo_output_records", "Records produced by committed blocks.", ("stage", "topic"))
_BLOCK_RECORDS = Histogram(
    "rondo_block_records", "Input records of a committed block; 0 is a tick's.", ("stage",), buckets=_SIZES
)
_BLOCK_BYTES = Histogram(
    "rondo_block_bytes", "Output, changes and rows of a committed block.", ("stage",), buckets=_BYTES
)
_FOLD = Histogram("rondo_fold_seconds", "Folding a block, in which nothing else runs.", ("stage",), buckets=_TIMES)
_COMMIT = Histogram("rondo_commit_seconds", "Committing a block.", ("stage",), buckets=_TIMES)
_LATENESS = Histogram(
    "rondo_timer_lateness_seconds", "Lateness of a tick's earliest timer.", ("stage",), buckets=_LATENESSES
)
_DEAD = Counter("rondo_dead_letters", "Records and timers set aside.", ("stage",))
_REFUSED = Counter("rondo_refused_blocks", "Blocks done again with fewer records, to find a bad one.", ("stage",))
_RETRIES = Counter("rondo_retries", "Times that a partition was closed after an error and opened anew.", ("stage",))
SET_ASIDE = Counter("rondo_states_set_aside", "Damaged states set aside and restored whole.", ("stage",))
_EFFECTS = Counter("rondo_effects", "Effects that ended, as deliveries.", ("stage", "outcome"))
_AHEAD = Gauge("rondo_clock_ahead_seconds", "Seconds that the clock is ahead of the broker's; NaN while unknown.")
_AHEAD.set(nan)
_JUMPS = Counter("rondo_clock_jumps", "Times that the clock was set on or back by a minute or more.")


class Metrics:
    """What one stage counts, looked up once: a look-up by labels costs as much as a count."""

    def __init__(self, stage: "Stage") -> None:
        name = stage.name
        self._name = name
        self._records = {topic.name: _RECORDS.labels(name, topic.name) for topic in stage.reads}
        self._output = {topic.name: _OUTPUT.labels(name, topic.name) for topic in stage.writes}
        self._block_records = _BLOCK_RECORDS.labels(name)
        self._block_bytes = _BLOCK_BYTES.labels(name)
        self._fold = _FOLD.labels(name)
        self._commit = _COMMIT.labels(name)
        self._lateness = _LATENESS.labels(name)
        self._dead = _DEAD.labels(name)
        self.refused = _REFUSED.labels(name)
        self.retries = _RETRIES.labels(name)
        SET_ASIDE.labels(name)  # 0 until one is
        self.effects_done = _EFFECTS.labels(name, "done")
        self.effects_failed = _EFFECTS.labels(name, "failed")

    def committed(self, block: "Block", seconds: float) -> None:
        """Count a block whose commit took so long."""
        if block.topic:
            self._records[block.topic].inc(len(block.raws))
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


class Standing(Collector):
    """How the stages of a process stand when it is asked."""

    def __init__(self, stages: Sequence["Stage"]) -> None:
        self._stages = stages

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """Yield every gauge, also those that nothing is known of yet."""
        yield CounterMetricFamily("rondo_log_lines_lost", "Lines of the log that could not be written.", logs.lost())
        runtimes = [stage.runtime for stage in self._stages if stage.runtime]
        yield _gauge("rondo_partitions", "Partitions assigned and open.", ("stage", "state"), _partitions(runtimes))
        where = ("stage", "topic", "partition")
        inputs = list(_inputs(runtimes))
        for name, text, column in (
            ("rondo_position", "Offset that is read next.", 0),
            ("rondo_lag_records", "Offsets between the position and the end.", 1),
            ("rondo_position_age_seconds", "Age of the first record that waits; 0 where none does.", 2),
            ("rondo_held_bytes", "Bytes of fetched records that wait.", 3),
        ):
            yield _gauge(name, text, where, ((labels, figures[column]) for labels, figures in inputs))
        hides = "Seconds that one open transaction has hidden records; 0 where none does."
        yield _gauge("rondo_hidden_seconds", hides, where, _hidden(runtimes))
        of_partition = ("stage", "partition")
        restored = (((r.stage.name, str(p.number)), p.restored) for r, p in _turns(runtimes))
        yield _gauge(
            "rondo_restored_records", "Changelog records restored by the last restore.", of_partition, restored
        )
        remaining = (((r.stage.name, str(p.number)), p.remaining) for r, p in _turns(runtimes))
        yield _gauge("rondo_restore_remaining_records", "Changelog offsets to restore.", of_partition, remaining)
        closed = (((r.stage.name, str(p.number)), p.closed.seconds) for r, p in _turns(runtimes))
        yield _gauge("rondo_partition_closed_seconds", "Time without work after an error.", of_partition, closed)
        pending = (((r.stage.name, str(p.number)), p.timers) for r, p in _turns(runtimes) if r.stage.timers)
        yield _gauge("rondo_timers_pending", "Timers that stand.", of_partition, pending)
        running = (((runtime.stage.name,), runtime.effects.running) for runtime in runtimes)
        yield _gauge("rondo_effects_running", "Effects that run or wait for others.", ("stage",), running)


class ClockMetrics:
    """What the watch of the process's clock has found."""

    def __init__(self) -> None:
        self._jumps = 0

    def __call__(self, watch: ClockWatch) -> None:
        """Take note of it."""
        _AHEAD.set(nan if watch.ahead is None else watch.ahead)
        _JUMPS.inc(watch.jumps - self._jumps)
        self._jumps = watch.jumps


def exposition(stages: Sequence["Stage"]) -> bytes:
    """Return everything in Prometheus' text format, with Python's own figures of the process."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # when each began: the process has that itself
    return generate_latest(REGISTRY) + generate_latest(Standing(stages))


def _gauge(
    name: str, text: str, labels: tuple[str, ...], samples: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, figure in samples:
        family.add_metric(values, figure)
    return family


def _turns(runtimes: Iterable["Runtime"]) -> Iterator[tuple["Runtime", "Partition"]]:
    return ((runtime, partition) for runtime in runtimes for partition in runtime.partitions.values())


def _partitions(runtimes: Iterable["Runtime"]) -> Iterator[tuple[tuple[str, ...], float]]:
    for runtime in runtimes:
        partitions = runtime.partitions.values()
        yield (runtime.stage.name, "assigned"), len(partitions)
        yield (runtime.stage.name, "open"), sum(partition.ready for partition in partitions)


def _inputs(runtimes: Iterable["Runtime"]) -> Iterator[tuple[tuple[str, ...], tuple[float, ...]]]:
    for runtime, partition in _turns(runtimes):
        for topic in runtime.stage.reads:
            stands = watch.stands(partition, topic.name, runtime.stage.clock())
            figures = (stands.position, stands.lag, stands.age, stands.held)
            yield (runtime.stage.name, topic.name, str(partition.number)), figures


def _hidden(runtimes: Iterable["Runtime"]) -> Iterator[tuple[tuple[str, ...], float]]:
    for runtime in runtimes:
        for tp in sorted(runtime.touched()):
            yield (runtime.stage.name, tp.topic, str(tp.partition)), runtime.hidden.seconds(tp)
