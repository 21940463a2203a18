"""How text is compared: without regard to case and accents, the same here and in Postgres (``rondo.fold``).

Folding takes these steps, which a test compares with Postgres for each of Unicode's characters:

1. decompose (NFD), leave out the combining marks U+0300 to U+036F, compose (NFC);
2. lower case, character by character (Unicode's simple mapping);
3. a final sigma becomes a sigma, a dotless i an i; ``ø ł đ ħ ŧ`` lose their stroke; ``ß æ œ`` become ``ss ae oe``.

Marks of other scripts stay: か and が are different letters. Letters that are newer than Python's or Postgres's Unicode
have no case yet.
"""

import re
from unicodedata import normalize

_MARKS = re.compile("[\u0300-\u036f]+")
_LETTERS = str.maketrans(
    {
        "\u03c2": "\u03c3",
        "\u0131": "i",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ħ": "h",
        "ŧ": "t",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
    }
)


def fold(text: str) -> str:
    """Return the text as it is compared."""
    if text.isascii():
        return text.lower()
    return text.translate(_LATIN) if _IS_LATIN.fullmatch(text) else _fold(text)


def _fold(text: str) -> str:
    bare = normalize("NFC", _MARKS.sub("", normalize("NFD", text)))
    return bare.lower().translate(_LETTERS)


_IS_LATIN = re.compile("[\0-\u036f]*")
_LATIN = {code: _fold(chr(code)) for code in range(0x370)}
"""What Latin letters and the marks that are left out are folded to, each by itself: without other marks nothing can be
composed. So most text is folded in a third of the time."""
