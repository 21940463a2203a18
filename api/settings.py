"""What the API needs to know, from the environment: ``RONDO_KAFKA``, ``RONDO_POSTGRES`` and so on."""

from typing import Annotated

from pydantic import AliasChoices, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(gt=0)]


class Settings(BaseSettings):
    """The API's settings. Each field's name in capitals, after ``RONDO_``, is its environment variable."""

    model_config = SettingsConfigDict(env_prefix="RONDO_", frozen=True, populate_by_name=True)

    kafka: str
    registry: str
    postgres: str
    secret: Annotated[str, Field(min_length=32, repr=False)]
    """Signs tokens; HS256 wants at least 32 bytes (RFC 7518, section 3.2)."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    log_level: Annotated[str, Field(validation_alias=AliasChoices("RONDO_LOG", "log_level"))] = "info"

    produce_timeout: Seconds = 10.0
    """Seconds after which a command that the broker has not acknowledged is answered "outcome unknown"."""
    query_timeout: Seconds = 10.0
    """Seconds that one read of the views may take, waiting for a connection included."""
    wait_limit: Seconds = 30.0
    """The longest wait, in seconds, that ``Prefer: wait`` is granted."""
    poll: Seconds = 1.0
    """Seconds between two looks at a command's outcome while no notification wakes its waiter."""
    pause: Seconds = 1.0
    """Seconds between two attempts to reach a part that is away."""


def load() -> Settings:
    """Read the settings from the environment, or end the process with a sentence that says what is wrong."""
    try:
        return Settings()  # type: ignore[call-arg]  # its fields come from the environment
    except ValidationError as error:
        wrong = error.errors(include_input=False)[0]
        name = str(wrong["loc"][0]).upper().removeprefix("RONDO_")
        if wrong["type"] == "missing":
            raise SystemExit(f"The setting RONDO_{name} is missing: set it, or start everything by make run.") from None
        raise SystemExit(f"The setting RONDO_{name} is not usable: {wrong['msg']}.") from None
