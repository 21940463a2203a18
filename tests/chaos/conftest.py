"""Broker, registry and Postgres of these tests' own: the workers run on the real topics, all of one broker."""

from collections.abc import Iterator

import pytest

from local import prepare
from tests.acceptance.stack import pytest_runtest_makereport, running
from tests.chaos.rondo import PARTITIONS, Rondo

__all__ = ["pytest_runtest_makereport"]


@pytest.fixture(scope="session")
def rondo(request: pytest.FixtureRequest) -> Iterator[Rondo]:
    """Rondo without workers; at the end, what was still owed to users must come."""
    with running(request, only="kafka,postgres,registry") as stack:
        prepare.log(stack.run["kafka"], stack.run["registry"], PARTITIONS)
        prepare.views(stack.run["postgres"])
        yield Rondo(stack)
