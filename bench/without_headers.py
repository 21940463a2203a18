"""The runtime without record headers: measures the cost of CloudEvents' attributes and of the source."""

import sys
from typing import Any

from bench.run import arguments
from bench.runtime import work
from schemas.envelope import Envelope
from streams.runtime import unit_of_work


def _bare(record: Any, value: bytes, *_: object) -> Envelope:
    return Envelope(record.user.encode(), value, record.at)


if __name__ == "__main__":
    unit_of_work.seal = _bare  # type: ignore[assignment, attr-defined]
    work(*arguments(sys.argv))
