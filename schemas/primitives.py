"""Tables and functions used by the code that ``binary`` generates: numbers, and everything that begins with one.

An Avro number is zigzag-encoded, seven bits per byte, the lowest first. Common numbers are looked up: when reading by
their first byte, in tuples of 256 that hold None if more bytes follow. The functions handle the rest.
Past the bytes' end: IndexError, or an offset past it. Source: Avro 1.12 specification, "Primitive Types".
"""

from collections.abc import Sequence
from enum import StrEnum

_CACHED = 4096  # numbers: one instant is in several fields of a record, and in all records caused by it
_BITS = 64
_CONTINUED = sum(128 << 7 * place for place in range(5))  # the highest bits of an instant's first five bytes


class _Written(dict[int, bytes]):
    """The bytes of numbers, encoded on first use."""

    def __missing__(self, number: int) -> bytes:
        if len(self) >= _CACHED:
            self.clear()
        self[number] = encoded = _written(number)
        return encoded


class _Instants(dict[bytes, int]):
    """Numbers of six bytes, that is milliseconds since 1970 until 2039; None for other bytes."""

    def __missing__(self, encoded: bytes) -> int | None:
        if len(encoded) < 6:
            return None
        a, b, c, d, e, f = encoded
        if f > 127 or a & b & c & d & e < 128:
            return None
        zigzag = a + (b << 7) + (c << 14) + (d << 21) + (e << 28) + (f << 35) - _CONTINUED
        if len(self) >= _CACHED:
            self.clear()
            NUMBERS.clear()
        self[encoded] = number = zigzag >> 1 ^ -(zigzag & 1)
        NUMBERS[number] = encoded  # a number that was read is soon written
        return number


def _written(number: int) -> bytes:
    rest, out = number << 1 ^ number >> _BITS - 1, bytearray()
    if rest >> _BITS:
        raise ValueError(f"{number} does not fit into {_BITS} bits")
    while rest > 127:
        out.append(rest & 127 | 128)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def _short(byte: int) -> int | None:
    """Return the number encoded in one byte, None if more bytes follow."""
    return byte >> 1 ^ -(byte & 1) if byte < 128 else None


NUMBERS = _Written()
"""Any number's bytes. Look up an int only: a dict also finds keys that are equal to one."""
LENGTHS = tuple(map(_written, range(1024)))
"""The bytes of common lengths: a tuple takes a third of the dict's time, and raises IndexError for longer ones."""
SHORT = tuple(map(_short, range(256)))
"""Numbers, by their first byte."""
COUNTS = tuple(number if number is not None and number >= 0 else None for number in SHORT)
"""The number of items in a block, by the first byte."""
SIZES = tuple(count if count is None else count + 1 for count in COUNTS)
"""The number of bytes of a string including its length, by the first byte."""
FLAGS = {False: b"\0", True: b"\1"}
"""Booleans' bytes."""
BOOLEANS = (False, True, *[None] * 254)
"""Booleans, by their byte."""
INSTANTS = _Instants()
"""Numbers by their six bytes."""


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """Read a number."""
    byte = data[at]
    zigzag, shift = byte & 127, 0
    while byte > 127:
        at, shift = at + 1, shift + 7
        byte = data[at]
        zigzag |= (byte & 127) << shift
    if shift >= _BITS or zigzag >> _BITS:
        raise ValueError(f"a number does not fit into {_BITS} bits")
    return zigzag >> 1 ^ -(zigzag & 1), at + 1


def read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """Read bytes after their length."""
    length, at = read_long(data, at)
    if length < 0:
        raise ValueError("a length is negative")
    return data[at : at + length], at + length


def read_string(data: bytes, at: int) -> tuple[str, int]:
    """Read a string of UTF-8 after its length in bytes."""
    encoded, at = read_bytes(data, at)
    return encoded.decode(), at


def read_count(data: bytes, at: int) -> tuple[int, int]:
    """Read the number of items in a block. If it is negative, the block's size in bytes follows."""
    count, at = read_long(data, at)
    return (count, at) if count >= 0 else (-count, read_long(data, at)[1])


def read_symbol(data: bytes, at: int, members: Sequence[StrEnum]) -> tuple[StrEnum, int]:
    """Read a member of an enum by its number."""
    number, at = read_long(data, at)
    if not 0 <= number < len(members):
        raise ValueError(f"{type(members[0]).__name__} has no symbol {number}")
    return members[number], at
