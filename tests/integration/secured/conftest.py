"""Parts that only users with passwords may use, over TLS."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.secured.broker import Secured, started
from tests.integration.secured.database import Database
from tests.integration.secured.database import started as database_started


@pytest.fixture(scope="package")
def secured(kafka_jars: Path, directory: Path) -> Iterator[Secured]:
    with started(kafka_jars, directory / "secured") as broker:
        yield broker


@pytest.fixture(scope="package")
def database(directory: Path) -> Iterator[Database]:
    with database_started(directory / "tls-postgres") as server:
        yield server
