"""Where a running Rondo is: by RONDO_* from the environment, else as ``make run`` has written it down."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self


class Unknown(LookupError):
    """Nobody has said where Rondo is."""


@dataclass(frozen=True)
class Place:
    """The addresses of a running Rondo. One that was never given raises ``Unknown`` when asked for."""

    known: dict[str, str]

    @classmethod
    def found(cls) -> Self:
        """Look into the environment and into ``run.json`` of the data directory."""
        file = Path(os.environ.get("RONDO_DATA", ".data")) / "run.json"
        written = json.loads(file.read_text()) if file.exists() else {}
        named = {name.removeprefix("RONDO_").lower(): value for name, value in os.environ.items() if value}
        return cls(
            {
                **written,
                **{name: named[name] for name in ("api", "token", "kafka", "registry", "postgres") if name in named},
            }
        )

    def __getattr__(self, name: str) -> str:
        try:
            return self.known[name]
        except KeyError:
            raise Unknown(f"Rondo does not run here: start it by `make run`, or set RONDO_{name.upper()}.") from None
