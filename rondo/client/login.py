"""The API's address and a token: RONDO_API and RONDO_TOKEN, else `rondo login`, else the stack that runs here."""

import json
import os
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import platformdirs

from common.addresses import without_secrets
from rondo import location
from rondo.client.address import is_usable
from rondo.client.errors import RondoError


class Unknown(RondoError):
    """The address of Rondo, or a token for it, is unknown."""


@dataclass(frozen=True)
class Login:
    """The address of an API and a token for it, and in words their source."""

    api: str
    token: str = field(repr=False)
    source: str = "what was typed"

    def __post_init__(self) -> None:
        object.__setattr__(self, "api", without_secrets(self.api))  # unused secrets are not stored
        if not is_usable(self.api):
            raise Unknown(f"{self.api!a} is not an address: write one like https://rondo.example or {LOCAL}.")
        if not (self.token.isascii() and self.token.isprintable() and self.token.strip()):
            raise Unknown("The token is empty or has invalid characters: copy it again.")

    @property
    def claims(self) -> dict[str, Any]:
        """The token's claims, unchecked: ``sub`` is the user's id; empty if it is not a JWT."""
        try:
            payload = self.token.split(".")[1]
            found = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        except (IndexError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @classmethod
    def load(cls) -> Self:
        """Return the login to use. Raises ``Unknown`` if there is none.

        A token is only sent to its own address: RONDO_API without RONDO_TOKEN uses the token of the login or the stack
        with the same address.
        """
        named = named_in_environment()
        api, token = without_secrets(named.get("api", "")), named.get("token")
        if api and token:
            return cls(api, token, "RONDO_API and RONDO_TOKEN")
        for look in (cls.stored, cls.local):
            login = look()
            if login and api in {"", login.api}:
                return cls(login.api, token, f"{login.source}, and RONDO_TOKEN") if token else login
        raise Unknown(NO_TOKEN.format(api=api) if api else NOBODY)

    @classmethod
    def stored(cls) -> Self | None:
        """Return the login that `rondo login` stored. Raises ``Unknown`` if the file can't be read."""
        try:
            content = json.loads(file().read_text(encoding="utf-8"))
            return cls(str(content["api"]), str(content["token"]), f"the file {file()}")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (Unknown, OSError, ValueError, KeyError, TypeError) as error:
            raise Unknown(f"The file {file()} can't be read ({error}): log in again with `rondo login`.") from None

    @classmethod
    def local(cls) -> Self | None:
        """Return the login of the stack that runs on the data directory; None if none runs with an API."""
        try:
            run = location.written()
        except location.UnknownAddress as error:
            raise Unknown(str(error)) from None
        return cls(run["api"], run["token"], "the stack that runs here") if "token" in run else None

    def store(self) -> Path:
        """Write it to a file that only its owner may read, and return the file.

        Raises ``Unknown`` if it can't be written.
        """
        part = file().with_suffix(".part")
        try:
            file().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
                json.dump({"api": self.api, "token": self.token}, opened, indent=2)
            return part.replace(file())
        except OSError as error:
            raise Unknown(f"The login can't be saved ({error}): {ELSEWHERE}") from None


def named_in_environment() -> dict[str, str]:
    """Return the API's address and the token of the environment, if any. Raises ``Unknown``."""
    try:
        return location.named(("api", "token"))
    except location.UnknownAddress as error:
        raise Unknown(str(error)) from None


def forget() -> bool:
    """Remove the stored login; return whether there was one."""
    try:
        file().unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise Unknown(f"The login can't be removed ({error}): remove {file()} yourself.") from None
    return True


def file() -> Path:
    """Return the file of the login, in the platform's configuration directory."""
    return platformdirs.user_config_path("rondo", appauthor=False) / "login.json"


ELSEWHERE = "set RONDO_API and RONDO_TOKEN, or XDG_CONFIG_HOME to a writable directory."
LOCAL = "http://127.0.0.1:8000"
NOBODY = "You are not logged in: run `rondo login`, set RONDO_API and RONDO_TOKEN, or start Rondo here with `make run`."
NO_TOKEN = "There is no token for {api}: set RONDO_TOKEN too, or run `rondo login {api}`."  # noqa: S105 - a sentence
