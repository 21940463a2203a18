"""Prometheus metrics of a process's stages: gauges of their current state, and the counters.

Gauges are computed on request, so a partition that the worker no longer owns is not reported. ``docs/metrics.md``
explains each metric.
"""

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import REGISTRY, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from common import logs
from streams.runtime import watch
from streams.runtime.app import App
from streams.runtime.consumer import Runtime
from streams.runtime.task import StreamTask


class StageCollector(Collector):
    """Collects the current state of a process's stages."""

    def __init__(self, apps: Sequence[App]) -> None:
        self._apps = apps

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """Yield every gauge, also those without samples."""
        yield CounterMetricFamily("rondo_log_lines_lost", "Lines of the log that could not be written.", logs.lost())
        runtimes = [app.runtime for app in self._apps if app.runtime]
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
        restored = (((r.topology.name, str(p.number)), p.restored) for r, p in _tasks(runtimes))
        yield _gauge(
            "rondo_restored_records", "Changelog records restored by the last restore.", of_partition, restored
        )
        remaining = (((r.topology.name, str(p.number)), p.remaining) for r, p in _tasks(runtimes))
        yield _gauge("rondo_restore_remaining_records", "Changelog offsets to restore.", of_partition, remaining)
        closed = (((r.topology.name, str(p.number)), p.closed.seconds) for r, p in _tasks(runtimes))
        yield _gauge("rondo_partition_closed_seconds", "Time without work after an error.", of_partition, closed)
        pending = (
            ((r.topology.name, str(p.number)), p.store.state.timers if p.store.state else 0)
            for r, p in _tasks(runtimes)
            if r.topology.timed
        )
        yield _gauge("rondo_timers_pending", "Timers that are set.", of_partition, pending)
        running = (((runtime.topology.name,), runtime.effects.running) for runtime in runtimes)
        yield _gauge("rondo_effects_running", "Effects that run or wait for others.", ("stage",), running)


def exposition(apps: Sequence[App]) -> bytes:
    """Return all metrics in Prometheus' text format, with those of Python and the process."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the process has a start time itself
    return generate_latest(REGISTRY) + generate_latest(StageCollector(apps))


def _gauge(
    name: str, text: str, labels: tuple[str, ...], samples: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, figure in samples:
        family.add_metric(values, figure)
    return family


def _tasks(runtimes: Iterable[Runtime]) -> Iterator[tuple[Runtime, StreamTask]]:
    return ((runtime, partition) for runtime in runtimes for partition in runtime.partitions.values())


def _partitions(runtimes: Iterable[Runtime]) -> Iterator[tuple[tuple[str, ...], float]]:
    for runtime in runtimes:
        partitions = runtime.partitions.values()
        yield (runtime.topology.name, "assigned"), len(partitions)
        yield (runtime.topology.name, "open"), sum(partition.ready for partition in partitions)


def _inputs(runtimes: Iterable[Runtime]) -> Iterator[tuple[tuple[str, ...], tuple[float, ...]]]:
    for runtime, partition in _tasks(runtimes):
        for topic in runtime.topology.reads:
            status = watch.status(partition, topic.name, runtime.context.clock())
            figures = (status.position, status.lag, status.age, status.held)
            yield (runtime.topology.name, topic.name, str(partition.number)), figures


def _hidden(runtimes: Iterable[Runtime]) -> Iterator[tuple[tuple[str, ...], float]]:
    for runtime in runtimes:
        for tp in sorted(runtime.touched()):
            yield (runtime.topology.name, tp.topic, str(tp.partition)), runtime.hidden.seconds(tp)
