"""What a worker needs to know, from the environment: ``RONDO_KAFKA``, ``RONDO_DATA`` and so on."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, HttpUrl

from schemas import settings

MIB = 1024 * 1024


class Settings(settings.Settings):
    """A worker's settings."""

    kafka: settings.Brokers
    """Bootstrap servers of the broker, ``host:port``. The stack starts its own where none is named."""
    registry: settings.Address
    """URL of the schema registry: any with Confluent's REST API. The stack starts Rondo's own where none is named."""
    postgres: settings.Address = ""
    """The database, ``postgresql://user:password@host/database``; only the stage views needs it. The stack starts its
    own where none is named."""
    data: Path = Path(".data")
    """The data directory; the command ``rondo`` looks for ``run.json`` in it."""
    partitions: Annotated[int, Field(ge=1, le=1000)] = 4
    """Partitions of every keyed topic. The number is fixed once the log is begun."""
    health_port: Annotated[int | None, Field(ge=1, le=65535)] = None
    """Serves ``/live``, ``/ready`` and ``/metrics`` on 127.0.0.1. The stack chooses one for each worker."""
    webhook: HttpUrl | None = None
    """Reminders are POSTed to this URL, as JSON; without it they are logged."""

    block_records: Annotated[int, Field(ge=1)] = 1000
    """At most so many input records in one block."""
    block_bytes: Annotated[int, Field(ge=1)] = 4 * MIB
    """A block ends with the record that brings its output and state changes, or its rows, to so many bytes."""
    block_seconds: Annotated[float, Field(gt=0)] = 0.2
    """A block ends with the record that has kept the event loop for so long."""
    block_timeout: Annotated[float, Field(gt=0)] = 30.0
    """Seconds after which a block that is not folded and committed is given up and done again."""
    held_records: Annotated[int, Field(ge=1)] = 5000
    """Fetching of an input's partition pauses while so many of its records are held …"""
    held_bytes: Annotated[int, Field(ge=1)] = 64 * MIB
    """… or while its share of so many bytes is: all inputs' partitions of a stage in this worker share them evenly."""
    state_bytes: Annotated[int, Field(ge=8 * MIB)] = 64 * MIB
    """Bytes that RocksDB may use in this process: what was read, indexes and filters, and what is not yet flushed."""
    instance: str = ""
    """A name that this worker keeps over restarts and no other has (KIP-345): when it restarts within the session
    timeout, no partition moves; after a crash it has its own back at once. Several workers: one name each."""
    session_timeout: Annotated[float, Field(gt=0)] = 10.0
    """Seconds without a heartbeat after which the group gives a worker's partitions away."""
    retry_pause: Annotated[float, Field(gt=0)] = 1.5
    """Seconds between an error and fencing anew: longer than a heartbeat, so that a worker which lost its
    partitions learns so first and does not fence their new owner."""
    transaction_timeout: Annotated[float, Field(gt=0)] = 10.0
    """Seconds after which the broker aborts a dead worker's transaction, which hides records until then."""
    stall_timeout: Annotated[float, Field(gt=0)] = 60.0
    """Seconds that a worker may stand still though it should move, until it ends to be started anew:
    [metrics.md](metrics.md#stalls) says what counts."""
    effects: Annotated[int, Field(ge=1)] = 128
    """At most so many deliveries at a time; the others wait in their order. Only what is taken over from another worker
    that died comes beside them."""
    lease: Annotated[float, Field(gt=0)] = 12.0
    """Seconds after which the next owner of a partition delivers again what a dead worker had begun to. One that gave
    the partition away has twice as long to end what it had begun: more than the 20 that a delivery may take."""
    failpoint: str = ""
    """For tests: where to fail, as ``STAGE:POINT:ACTION[@NTH]``; see ``streams/runtime/failpoints.py``."""
    tick: Annotated[float, Field(gt=0)] = 0.5
    """Seconds between two looks at the timers while none is known to be due earlier."""
