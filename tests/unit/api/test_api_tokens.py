"""Tokens name their user, for a time, and only as long as they were signed here."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest

from api.http.tokens import ALGORITHM, LONGEST_KEPT, InvalidToken, Tokens, issue, user_of

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


class Clock:
    """A clock that is set: seconds since 1970."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).timestamp()

    def __call__(self) -> float:
        return self.now


def test_a_token_that_was_verified_names_the_same_user_and_expires_as_it_says() -> None:
    clock, user, hour = Clock(), str(uuid4()), timedelta(hours=1)
    tokens, token = Tokens(SECRET, now=clock), issue(SECRET, user, lifetime=hour)
    assert [tokens.user_of(token) for _ in range(3)] == [user] * 3
    begun = clock.now
    clock.now = begun + hour.total_seconds() - 2
    assert tokens.user_of(token) == user
    for _ in range(2):
        clock.now = begun + hour.total_seconds()
        with pytest.raises(InvalidToken, match="expired"):
            tokens.user_of(token)
    clock.now = begun  # set right again
    assert tokens.user_of(token) == user


def test_a_verified_token_is_not_taken_for_another_secret_nor_any_other_for_it() -> None:
    user = str(uuid4())
    token = issue(SECRET, user)
    tokens = Tokens(SECRET)
    assert tokens.user_of(token) == user
    head, body, signature = token.split(".")
    changed = (token[:-1], f"{head}.{body}.", f"{head}.{body}.{signature[::-1]}", f" {token[1:]}")
    for each in changed * 2:
        with pytest.raises(InvalidToken):
            tokens.user_of(each)
    with pytest.raises(InvalidToken):
        Tokens("another secret, as long as it must be").user_of(token)


def test_the_tokens_used_last_are_kept_and_none_that_is_long_or_was_refused() -> None:
    tokens, one = Tokens(SECRET, most=2), issue(SECRET, str(uuid4()))
    for token in (one, issue(SECRET, str(uuid4())), one, issue(SECRET, str(uuid4()))):
        tokens.user_of(token)
    assert [*tokens._kept] == [one, token]
    claims = {"sub": str(uuid4()), "iat": 0, "exp": 2**40, "more": "x" * LONGEST_KEPT}
    tokens.user_of(jwt.encode(claims, SECRET, algorithm=ALGORITHM))
    with pytest.raises(InvalidToken):
        tokens.user_of("x" * 100)
    assert [*tokens._kept] == [one, token]
