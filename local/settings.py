"""What the local stack needs to know, from the environment."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from local.problem import Problem

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache"


class Settings(BaseSettings):
    """The stack's settings. Each field's name in capitals, after ``RONDO_``, is its environment variable."""

    model_config = SettingsConfigDict(env_prefix="RONDO_", frozen=True)

    data: Path = ROOT / ".data"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    partitions: Annotated[int, Field(ge=1, le=1000)] = 4
    kafka: str | None = None
    postgres: str | None = None
    registry: str | None = None
    stack: Literal["embedded", "docker"] = "embedded"
    """Where broker, registry and Postgres come from, unless the three above name them. It is never guessed: a Docker
    engine that answers today and not tomorrow would make the data seem lost."""


def load() -> Settings:
    """Read the settings; raise ``Problem`` for one that can't be used."""
    try:
        return Settings(**{"stack": os.environ["STACK"]} if "STACK" in os.environ else {})  # type: ignore[arg-type]
    except ValidationError as error:
        wrong = error.errors()[0]
        raise Problem(f"RONDO_{str(wrong['loc'][0]).upper()} can't be used: {wrong['msg']}.") from None
