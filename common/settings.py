"""Reads a process's settings from the environment, and reports an invalid one in one sentence."""

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from common import addresses, secret_files

Secret = Annotated[str, Field(repr=False)]
"""A secret: without it the settings are represented, and ``RONDO_<NAME>_FILE`` may name a file that has it."""
Address = Annotated[Secret, AfterValidator(addresses.readable)]
"""An address that may hold a password, in a form in which no error quotes a part of that: a secret, too."""
Brokers = Annotated[str, AfterValidator(addresses.brokers)]
"""Bootstrap servers of Kafka."""

S = TypeVar("S", bound="Environment")


class Conflict(ValueError):
    """A setting does not go with the others."""

    def __init__(self, variable: str, reason: str) -> None:
        super().__init__(f"The setting {variable} {reason}.")


class _SecretFiles(PydanticBaseSettingsSource):
    """Reads each secret, in the environment or not, with ``common.secret_files``."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:
        """Return a field's value, its name and that it is not complex; None for what is not secret or not set."""
        return None if field.repr else secret_files.value(_variable(field_name)), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the secrets that are set."""
        found = (self.get_field_value(field, name)[:2] for name, field in self.settings_cls.model_fields.items())
        return {name: value for value, name in found if value is not None}


class Environment(BaseSettings):
    """Settings from the environment. Each field's name in capitals, after ``RONDO_``, is its variable.

    An empty variable is one that is not set.
    """

    model_config = SettingsConfigDict(
        env_prefix="RONDO_", env_ignore_empty=True, frozen=True, use_attribute_docstrings=True
    )

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *_: PydanticBaseSettingsSource, **named: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what is given, then secrets, then the rest of the environment."""
        return named["init_settings"], _SecretFiles(settings_cls), named["env_settings"]


class Settings(Environment):
    """A process's settings."""

    log: str = "info"
    """The least level that is logged: debug, info, warning or error."""


class Serving(Settings):
    """The settings of a process that serves HTTP to others, see ``common.serving``."""

    receive_timeout: Annotated[float, Field(gt=0)] = 20.0
    """Seconds that a client has to send a request, head and body together, and to read anything of its answer."""
    connections: Annotated[int, Field(ge=1)] = 500
    """The most connections at once. A new one beyond them replaces one that owes a request; while all are being
    answered, it is answered 503. A process needs as many file descriptors (`ulimit -n`) and some 60 more."""


def all_or_none(settings: Environment, *fields: str) -> None:
    """Raise ``Conflict`` if some of these settings are set, and others are not."""
    given = [each for each in fields if getattr(settings, each)]
    if given and (missing := [_variable(each) for each in fields if each not in given]):
        raise Conflict(_variable(given[0]), f"needs {' and '.join(missing)}")


def load(settings: type[S], **given: Any) -> S:
    """Read settings from the environment, or end the process with a sentence that says what is wrong.

    Settings passed as ``given`` are not read from the environment.
    """
    try:
        return settings(**given)
    except ValidationError as error:
        raise SystemExit(described(error)) from None
    except secret_files.Unreadable as error:
        raise SystemExit(f"{error}.") from None


def check(*connections: type[Environment]) -> None:
    """Read settings that are read again for each connection, or end the process as ``load`` does."""
    for each in connections:
        load(each)


def described(error: ValidationError) -> str:
    """Return a sentence that says what is wrong with a setting, without its value."""
    wrong = error.errors(include_input=False)[0]
    reason = wrong["msg"].removeprefix("Value error, ")
    if not wrong["loc"]:  # of several, see ``Conflict``
        return reason
    name = _variable(str(wrong["loc"][0]))
    if wrong["type"] == "missing":
        return f"The setting {name} is missing: set it, or start everything by make run."
    return f"The setting {name} is not usable: {reason}."


def _variable(field: str) -> str:
    return f"RONDO_{field.upper()}"
