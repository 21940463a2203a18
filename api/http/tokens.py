"""Signed tokens that name the user (RFC 7519, HS256), until accounts exist."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt

ALGORITHM = "HS256"
YEAR = timedelta(days=365)


class InvalidToken(ValueError):
    """The token is not valid; the text has the reason."""


def issue(secret: str, user: str, lifetime: timedelta = YEAR, now: datetime | None = None) -> str:
    """Return a token for ``user``, the id of a user (a UUID). Raises ``ValueError`` for any other user."""
    issued = now or datetime.now(UTC)
    claims = {"sub": str(UUID(user)), "iat": issued, "exp": issued + lifetime}
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def user_of(secret: str, token: str) -> str:
    """Return the id of the user in ``token``. Raises ``InvalidToken``."""
    try:
        # The algorithm is pinned: the sender chooses the one in the token (RFC 8725, section 3.1).
        # The time of issue is not checked: a clock that was ahead then would lock its user out once corrected.
        claims = jwt.decode(
            token, secret, algorithms=[ALGORITHM], options={"require": ["sub", "iat", "exp"], "verify_iat": False}
        )
    except jwt.ExpiredSignatureError:
        raise InvalidToken("The token has expired. Ask for a new one.") from None
    except jwt.MissingRequiredClaimError as error:
        raise InvalidToken(f"The token lacks the claim {error.claim}. Ask for a new one.") from None
    except jwt.InvalidTokenError:
        raise InvalidToken("The token was not signed here. Ask for a new one.") from None
    try:
        return str(UUID(claims["sub"]))
    except ValueError:
        raise InvalidToken("The token's subject is not a user's id (a UUID). Ask for a new one.") from None
