"""Where Rondo is and who talks to it: RONDO_API and RONDO_TOKEN, else `rondo login`, else the stack that runs here."""

import json
import os
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import platformdirs

from rondo.client.address import is_usable
from rondo.client.errors import RondoError
from rondo.operator import location
from schemas.addresses import without_secrets


class Unknown(RondoError):
    """It is not known where Rondo is, or who is to talk to it."""


@dataclass(frozen=True)
class Login:
    """The address of an API and a token for it, and in words where they come from."""

    api: str
    token: str = field(repr=False)
    source: str = "what was typed"

    def __post_init__(self) -> None:
        object.__setattr__(self, "api", without_secrets(self.api))  # none is used, so that none is shown or stored
        if not is_usable(self.api):
            raise Unknown(f"{self.api!a} is not an address: write one like https://rondo.example or {LOCAL}.")
        if not (self.token.isascii() and self.token.isprintable() and self.token.strip()):
            raise Unknown("The token is empty or has characters that no token has: copy it anew.")

    @property
    def claims(self) -> dict[str, Any]:
        """What the token says of itself, unchecked: ``sub`` is the user's id; empty where it is no JWT."""
        try:
            payload = self.token.split(".")[1]
            found = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        except (IndexError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @classmethod
    def found(cls) -> Self:
        """Return the login that counts. Raises ``Unknown`` where there is none.

        A token is never sent to another address than the one it was given for: RONDO_API without RONDO_TOKEN takes
        the token of the login or the stack with this very address.
        """
        named = location.named()
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
        """Return what `rondo login` has stored. Raises ``Unknown`` where the file can't be read."""
        try:
            content = json.loads(file().read_text(encoding="utf-8"))
            return cls(str(content["api"]), str(content["token"]), f"the file {file()}")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (Unknown, OSError, ValueError, KeyError, TypeError) as error:
            raise Unknown(f"The file {file()} can't be read ({error}): log in anew by `rondo login`.") from None

    @classmethod
    def local(cls) -> Self | None:
        """Return the login of the stack that runs on the data directory; None where none runs with an API."""
        try:
            run = location.written()
        except location.Unknown as error:
            raise Unknown(str(error)) from None
        return cls(run["api"], run["token"], "the stack that runs here") if "token" in run else None

    def store(self) -> Path:
        """Keep it for the next commands, in a file that only its owner may read, and return where.

        Raises ``Unknown`` where it can't be kept.
        """
        part = file().with_suffix(".part")
        try:
            file().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
                json.dump({"api": self.api, "token": self.token}, opened, indent=2)
            return part.replace(file())
        except OSError as error:
            raise Unknown(f"The login can't be kept ({error}): {ELSEWHERE}") from None


def forget() -> bool:
    """Remove what was stored; tell whether there was any."""
    try:
        file().unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise Unknown(f"The login can't be forgotten ({error}): remove {file()} yourself.") from None
    return True


def file() -> Path:
    """Return the file of the login, in the platform's directory for a user's configuration."""
    return platformdirs.user_config_path("rondo", appauthor=False) / "login.json"


ELSEWHERE = "set RONDO_API and RONDO_TOKEN, or XDG_CONFIG_HOME to a directory that can be written to."
LOCAL = "http://127.0.0.1:8000"
NOBODY = "You are not logged in: `rondo login`, or set RONDO_API and RONDO_TOKEN; `make run` starts a Rondo here."
NO_TOKEN = "There is no token for {api}: set RONDO_TOKEN too, or `rondo login {api}`."  # noqa: S105 - a sentence
