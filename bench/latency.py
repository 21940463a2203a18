"""Latency: from a command's produce to its row's commit in Postgres, at an open-loop rate.

Postgres keeps the time of each commit (``track_commit_timestamp``), by the same clock as the producer's. A row has the
time of the last command that changed it, so only last commands are measured.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from confluent_kafka import Producer

from bench.meter import Meter
from bench.trial import Say, Started
from bench.workload import Plan, Workload, seeded

_WAIT = 60.0  # seconds to wait for the last commands


@dataclass(frozen=True)
class Latency:
    """The latencies of an implementation at a rate."""

    way: str
    rate: int  # commands a second
    milliseconds: Sequence[float]  # sorted
    cpu: float  # seconds of its own processes per second

    def percentile(self, of: int) -> float:
        """Return a percentile, in milliseconds."""
        return quantiles(self.milliseconds, n=100, method="inclusive")[of - 1]


def measure(it: Started, rate: int, seconds: float, say: Say) -> Latency:
    """Send commands at a rate for some seconds, and return their latencies."""
    say(f"{rate} commands/s")
    work = seeded(Plan(it.run.plan.seed + rate, int(rate * seconds), 0))
    with Meter({part: process.pid for part, process in it.processes.items()}) as meter:
        began = time.monotonic()
        sent = _send(it, work, rate)
        it.wait_for(work, _WAIT)
        took = time.monotonic() - began
    committed = {id_: at.timestamp() for id_, at in it.services.table.commits().items()}
    found = sorted((committed[id_] - at) * 1000 for id_, at in sent.items() if id_ in committed)
    return Latency(it.way.name, rate, found, sum(usage.cpu for usage in meter.usage.values()) / took)


def _send(it: Started, work: Workload, rate: int) -> dict[str, float]:
    """Produce each command when it is due, without waiting for results; return the times by command."""
    chance = random.Random(it.run.plan.seed)  # noqa: S311 - the same each time
    producer = Producer({"bootstrap.servers": it.services.kafka, "linger.ms": 0, "acks": "all"})
    producer.list_topics(it.run.commands, 10)  # connected, before the first is timed
    sent = {}
    due = time.monotonic()
    for command, message in zip(work.commands, work.messages, strict=True):
        due += chance.expovariate(rate)
        time.sleep(max(0.0, due - time.monotonic()))
        sent[command.id] = time.time()
        producer.produce(it.run.commands, message.value, message.key, partition=message.partition, timestamp=message.at)
        producer.poll(0)
    if unsent := producer.flush(_WAIT):
        raise TimeoutError(f"The broker did not accept {unsent} commands within {_WAIT:.0f} s: it is overloaded.")
    return sent
