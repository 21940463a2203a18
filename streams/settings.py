"""What a worker needs to know, from the environment: ``RONDO_KAFKA``, ``RONDO_DATA`` and so on."""

from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, HttpUrl, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024 * 1024


class Settings(BaseSettings):
    """A worker's settings. Each field's name in capitals, after ``RONDO_``, is its environment variable."""

    model_config = SettingsConfigDict(env_prefix="RONDO_", frozen=True, populate_by_name=True)

    kafka: str
    registry: str
    postgres: str = ""
    data: Path = Path(".data")
    partitions: Annotated[int, Field(ge=1, le=1000)] = 4
    log_level: Annotated[str, Field(validation_alias=AliasChoices("RONDO_LOG", "log_level"))] = "info"
    health_port: int | None = None
    webhook: HttpUrl | None = None

    block_records: Annotated[int, Field(ge=1)] = 1000
    """At most so many input records in one block."""
    block_bytes: Annotated[int, Field(ge=1)] = 4 * MIB
    """A block ends with the record that brings its output and state changes to so many bytes."""
    block_seconds: Annotated[float, Field(gt=0)] = 0.2
    """A block ends with the record that has kept the event loop for so long."""
    block_timeout: Annotated[float, Field(gt=0)] = 30.0
    """Seconds after which a block that is not folded and committed is given up and done again."""
    held_records: Annotated[int, Field(ge=1)] = 5000
    """Fetching of a topic's partition pauses while more records than this are held."""
    session_timeout: Annotated[float, Field(gt=0)] = 10.0
    """Seconds without a heartbeat after which the group gives a worker's partitions away."""
    retry_pause: Annotated[float, Field(gt=0)] = 1.5
    """Seconds between an error and fencing anew: longer than a heartbeat, so that a worker which lost its
    partitions learns so first and does not fence their new owner."""
    transaction_timeout: Annotated[float, Field(gt=0)] = 10.0
    """Seconds after which the broker aborts a dead worker's transaction, which hides records until then."""
    effects: Annotated[int, Field(ge=1)] = 32
    """At most so many deliveries at a time."""
    tick: Annotated[float, Field(gt=0)] = 0.5
    """Seconds between two looks at the timers while none is known to be due earlier."""


def load() -> Settings:
    """Read the settings from the environment, or end the process with a sentence that says what is wrong."""
    try:
        return Settings()  # type: ignore[call-arg]  # its fields come from the environment
    except ValidationError as error:
        wrong = error.errors()[0]
        name = str(wrong["loc"][0]).upper().removeprefix("RONDO_")
        raise SystemExit(f"The setting RONDO_{name} is not usable: {wrong['msg']}.") from None
