"""The settings of a worker, from the environment: ``RONDO_KAFKA``, ``RONDO_DATA`` and so on."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, HttpUrl

from channels.settings import Targets
from common import settings

MIB = 1024 * 1024


class Settings(Targets):
    """A worker's settings."""

    kafka: settings.Brokers
    """Bootstrap servers of the broker, ``host:port``. The stack starts its own if none is set."""
    registry: settings.Address
    """URL of the schema registry: any with Confluent's REST API. The stack starts Rondo's own if none is set."""
    postgres: settings.Address = ""
    """The database, ``postgresql://user:password@host/database``; only the stages views and notify need it, the latter
    for the addresses of targets. The stack starts its own if none is set."""
    data: Path = Path(".data")
    """The data directory; the command ``rondo`` looks for ``run.json`` in it."""
    partitions: Annotated[int, Field(ge=1, le=1000)] = 4
    """Partitions of every keyed topic. The number is fixed once the log is begun."""
    health_host: str = "127.0.0.1"
    """The address on which a worker serves its health. It asks for no password: the network must keep others away."""
    health_port: Annotated[int | None, Field(ge=1, le=65535)] = None
    """Serves ``/live``, ``/ready`` and ``/metrics`` on that address. The stack chooses one for each worker."""
    topologies: str = ""
    """Which stages run as one, as `core=tasks,recurrence reminders audit notify views`; by default all run as one that
    can ([architecture.md](architecture.md#topologies)). The same for every process and command; to change it for a log
    that exists, [regroup](operating.md#regrouping)."""
    webhook: Annotated[HttpUrl | None, Field(repr=False)] = None
    """Reminders are POSTed to this URL, as JSON; without it they are logged."""

    block_records: Annotated[int, Field(ge=1)] = 1000
    """The most input records of a block."""
    block_bytes: Annotated[int, Field(ge=1)] = 4 * MIB
    """A block ends with the record that brings its output and state changes, or its rows, to this many bytes."""
    block_seconds: Annotated[float, Field(gt=0)] = 0.2
    """A block ends with the record at which its fold has taken this many seconds."""
    block_timeout: Annotated[float, Field(gt=0)] = 30.0
    """Seconds in which a block must be folded and committed; after that it is discarded and retried."""
    held_records: Annotated[int, Field(ge=1)] = 5000
    """Fetching of an input's partition pauses while this many of its records are buffered …"""
    held_bytes: Annotated[int, Field(ge=1)] = 64 * MIB
    """… or its share of this many bytes is: all inputs' partitions of a stage in this worker share them evenly."""
    state_bytes: Annotated[int, Field(ge=8 * MIB)] = 64 * MIB
    """Bytes that RocksDB may use in this process: cached data, indexes and filters, and unflushed writes."""
    instance: str = ""
    """A unique name that this worker keeps over restarts (KIP-345): if it restarts within the session timeout, no
    partition moves; after a crash it gets its partitions back at once. Several workers: one name each."""
    session_timeout: Annotated[float, Field(gt=0)] = 10.0
    """Seconds without a heartbeat after which the group reassigns a worker's partitions."""
    retry_pause: Annotated[float, Field(gt=0)] = 1.5
    """Seconds between an error and fencing again: longer than a heartbeat, so that a worker that lost its partitions
    learns this first and does not fence their new owner."""
    transaction_timeout: Annotated[float, Field(gt=0)] = 10.0
    """Seconds after which the broker aborts a dead worker's transaction, which hides records until then."""
    stall_timeout: Annotated[float, Field(gt=0)] = 60.0
    """Seconds that a worker may stall until it exits, to be restarted: [metrics.md](metrics.md#stalls) says what
    counts."""
    effects: Annotated[int, Field(ge=1)] = 128
    """The most deliveries at a time; the others wait in order. Deliveries taken over from a dead worker are in addition
    to these."""
    lease: Annotated[float, Field(gt=0)] = 12.0
    """Seconds after which the next owner of a partition repeats the deliveries that a dead worker had begun. A worker
    whose partition was revoked has twice as long to end them: more than the 20 that a delivery may take."""
    failpoint: str = ""
    """For tests: where to fail, as ``STAGE:POINT:ACTION[@NTH]``; see ``streams/runtime/failpoints.py``."""
    tick: Annotated[float, Field(gt=0)] = 0.5
    """Seconds between two checks of the timers while none is known to be due earlier."""
