"""One Rondo whole for all acceptance tests. Each test has a user of its own, so they don't see each other's tasks."""

from collections.abc import Iterator

import pytest

from tests.acceptance.stack import Stack, User, pytest_runtest_makereport, running

__all__ = ["pytest_runtest_makereport"]


@pytest.fixture(scope="package")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Rondo whole."""
    with running(request) as stack:
        yield stack


@pytest.fixture
def user(stack: Stack) -> User:
    """A user of this test's own."""
    return stack.new_user()
