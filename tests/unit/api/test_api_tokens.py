"""Tokens name their user, for a time, and only as long as they were signed here."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from api.http.tokens import InvalidToken, issue, user_of

SECRET = "a secret of more than thirty-two bytes"


def test_a_token_names_its_user() -> None:
    user = str(uuid4())
    assert user_of(SECRET, issue(SECRET, user)) == user


def test_a_token_is_for_users_only() -> None:
    with pytest.raises(ValueError, match="UUID"):
        issue(SECRET, "root")


def test_a_token_expires() -> None:
    token = issue(SECRET, str(uuid4()), lifetime=timedelta(hours=1), now=datetime.now(UTC) - timedelta(hours=2))
    with pytest.raises(InvalidToken, match="expired"):
        user_of(SECRET, token)


def test_a_token_that_was_issued_by_a_clock_that_was_ahead_is_taken_once_that_is_set_right() -> None:
    user = str(uuid4())
    assert user_of(SECRET, issue(SECRET, user, now=datetime.now(UTC) + timedelta(days=1))) == user


def test_a_token_that_was_changed_by_one_character_is_refused() -> None:
    head, body, signature = issue(SECRET, str(uuid4())).split(".")
    for part in (f"{head}.{body[:-2]}AA.{signature}", f"{head}.{body}.{signature[::-1]}"):
        with pytest.raises(InvalidToken):
            user_of(SECRET, part)
