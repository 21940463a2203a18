"""Encrypts the addresses of targets: AES-256 in GCM (NIST SP 800-38D), with a nonce of 96 bits at the beginning.

The ids of the user, the target and the address are authenticated with it, so that a ciphertext that was moved to
another row opens nothing.
"""

import hmac
import os
from dataclasses import dataclass
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY = r"(?:[0-9a-f]{64})?"
"""The form of a key in settings: 32 bytes in hexadecimal, or none."""
_NONCE = 12
_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of the curve P-256 (SEC 2, 2.4.2)."""


class Unsealable(ValueError):
    """A ciphertext was made with another key, or belongs to another address."""


@dataclass(frozen=True)
class Place:
    """What a ciphertext belongs to, each a UUID."""

    user: str
    target: str
    address: str

    @property
    def bytes(self) -> bytes:
        """The bytes that are authenticated with it."""
        return "/".join((self.user, self.target, self.address)).encode()


@dataclass(frozen=True, repr=False)
class Seal:
    """Seals addresses with a key of 32 bytes."""

    key: bytes

    @classmethod
    def of(cls, setting: str) -> "Seal | None":
        """Return the seal of the setting RONDO_TARGETS_KEY, None without one."""
        return cls(bytes.fromhex(setting)) if setting else None

    def sealed(self, address: str, place: Place) -> bytes:
        """Return an address encrypted."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, address.encode(), place.bytes)

    def opened(self, sealed: bytes, place: Place) -> str:
        """Return an address decrypted. Raises ``Unsealable``."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], place.bytes).decode()
        except InvalidTag as error:
            raise Unsealable from error

    def digest(self, address: str) -> str:
        """Return a hash of an address that nobody without the key can search for (HMAC-SHA-256)."""
        return hmac.new(self._derived(b"digest"), address.encode(), "sha256").hexdigest()

    @cached_property
    def vapid(self) -> ec.EllipticCurvePrivateKey:
        """The key that identifies this Rondo to push services (RFC 8292), derived: browsers subscribe to it."""
        number = int.from_bytes(self._derived(b"vapid", 48)) % (_P256 - 1) + 1  # FIPS 186-5, A.2.1
        return ec.derive_private_key(number, ec.SECP256R1())

    @cached_property
    def _cipher(self) -> AESGCM:
        return AESGCM(self._derived(b"addresses"))

    def _derived(self, purpose: bytes, length: int = 32) -> bytes:
        return HKDF(SHA256(), length, salt=None, info=b"rondo " + purpose).derive(self.key)
