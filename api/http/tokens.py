"""Signed tokens that name the user (RFC 7519, HS256), until accounts exist."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt

ALGORITHM = "HS256"
YEAR = timedelta(days=365)
MOST_KEPT, LONGEST_KEPT = 10_000, 1024
"""The most tokens that are kept with their users, and the most characters of one: the signed ones have some 250."""
_EXPIRED = "The token has expired. Ask for a new one."


class InvalidToken(ValueError):
    """The token is not valid; the text has the reason."""


def issue(secret: str, user: str, lifetime: timedelta = YEAR, now: datetime | None = None) -> str:
    """Return a token for ``user``, the id of a user (a UUID). Raises ``ValueError`` for any other user."""
    issued = now or datetime.now(UTC)
    claims = {"sub": str(UUID(user)), "iat": issued, "exp": issued + lifetime}
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


@dataclass(frozen=True)
class _Signed:
    """The user of a token that was signed here, and the seconds since 1970 between which it is valid."""

    user: str
    begins: float
    ends: float


class Tokens:
    """The users of tokens that ``secret`` signs. It keeps the last ``most`` valid tokens, and no refusal."""

    def __init__(self, secret: str, most: int = MOST_KEPT, now: Callable[[], float] = time.time) -> None:
        self._secret, self._most, self._now = secret, most, now
        self._kept: OrderedDict[str, _Signed] = OrderedDict()

    def user_of(self, token: str) -> str:
        """Return the id of the user in ``token``, which is valid now. Raises ``InvalidToken``."""
        now, signed = self._now(), self._kept.get(token)
        if signed is not None and signed.begins <= now < signed.ends:
            self._kept.move_to_end(token)
            return signed.user
        self._kept.pop(token, None)
        signed = _signed(self._secret, token)
        if now >= signed.ends:
            raise InvalidToken(_EXPIRED)
        self._keep(token, signed)
        return signed.user

    def _keep(self, token: str, signed: _Signed) -> None:
        if len(token) > LONGEST_KEPT:
            return
        self._kept[token] = signed
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)


def user_of(secret: str, token: str) -> str:
    """Return the id of the user in ``token``. Raises ``InvalidToken``."""
    return _signed(secret, token).user


def _signed(secret: str, token: str) -> _Signed:
    claims = _claims(secret, token)
    try:
        return _Signed(str(UUID(claims["sub"])), int(claims.get("nbf", 0)), int(claims["exp"]))
    except ValueError:
        raise InvalidToken("The token's subject is not a user's id (a UUID). Ask for a new one.") from None


def _claims(secret: str, token: str) -> dict[str, Any]:
    try:
        # The algorithm is pinned: the sender chooses the one in the token (RFC 8725, section 3.1).
        # The time of issue is not checked: a clock that was ahead then would lock its user out once corrected.
        claims: dict[str, Any] = jwt.decode(
            token, secret, algorithms=[ALGORITHM], options={"require": ["sub", "iat", "exp"], "verify_iat": False}
        )
    except jwt.ExpiredSignatureError:
        raise InvalidToken(_EXPIRED) from None
    except jwt.MissingRequiredClaimError as error:
        raise InvalidToken(f"The token lacks the claim {error.claim}. Ask for a new one.") from None
    except jwt.InvalidTokenError:
        raise InvalidToken("The token was not signed here. Ask for a new one.") from None
    return claims
