"""One Rondo whole for these tests, a webhook's receiver that it notifies, and the log beneath it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.acceptance.stack import Stack, User, pytest_runtest_makereport, running
from tests.integration.pipeline.wire import Wire
from tests.receiver import Receiver

__all__ = ["pytest_runtest_makereport"]


@pytest.fixture(scope="package")
def receiver() -> Iterator[Receiver]:
    """What RONDO_WEBHOOK names, by an address full of secrets."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="package")
def stack(request: pytest.FixtureRequest, receiver: Receiver) -> Iterator[Stack]:
    """Rondo whole, notifying the receiver."""
    with running(request, RONDO_WEBHOOK=receiver.secret_url) as stack:
        yield stack


@pytest.fixture
def user(stack: Stack) -> User:
    """A user of this test's own."""
    return stack.new_user()


@pytest.fixture
async def wire(stack: Stack) -> AsyncIterator[Wire]:
    """The log, past the API."""
    async with Wire.to(stack.run["kafka"], stack.run["registry"]) as wire:
        yield wire
