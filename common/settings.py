"""Reads a process's settings from the environment, and reports an invalid one in one sentence."""

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from common import addresses

Address = Annotated[str, AfterValidator(addresses.readable)]
"""An address that may hold a password, in a form in which no error quotes a part of that."""
Brokers = Annotated[str, AfterValidator(addresses.brokers)]
"""Bootstrap servers of Kafka."""

S = TypeVar("S", bound="Settings")


class Settings(BaseSettings):
    """A process's settings. Each field's name in capitals, after ``RONDO_``, is its environment variable."""

    model_config = SettingsConfigDict(env_prefix="RONDO_", frozen=True, use_attribute_docstrings=True)

    log: str = "info"
    """The least level that is logged: debug, info, warning or error."""


class Serving(Settings):
    """The settings of a process that serves HTTP to others, see ``common.serving``."""

    receive_timeout: Annotated[float, Field(gt=0)] = 20.0
    """Seconds that a client has to send a request, head and body together, and to read anything of its answer."""
    connections: Annotated[int, Field(ge=1)] = 500
    """The most connections at once. A new one beyond them replaces one that owes a request; while all are being
    answered, it is answered 503. A process needs as many file descriptors (`ulimit -n`) and some 60 more."""


def load(settings: type[S], **given: Any) -> S:
    """Read settings from the environment, or end the process with a sentence that says what is wrong.

    Settings passed as ``given`` are not read from the environment.
    """
    try:
        return settings(**given)
    except ValidationError as error:
        wrong = error.errors(include_input=False)[0]
        name = f"RONDO_{str(wrong['loc'][0]).upper()}"
        if wrong["type"] == "missing":
            raise SystemExit(f"The setting {name} is missing: set it, or start everything by make run.") from None
        raise SystemExit(f"The setting {name} is not usable: {wrong['msg'].removeprefix('Value error, ')}.") from None
