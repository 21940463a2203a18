"""How text is compared: without regard to case, accents and how wide or raised it is written.

Folding takes these steps:

1. compatibility forms become what they are forms of (NFKC): full-width letters, ligatures, ``²``, ``½``; but for those
   that stand for a space with a mark, such as U+00B4;
2. decompose (NFD), leave out the combining marks U+0300 to U+036F, compose (NFC);
3. lower case, character by character (Unicode's simple mapping);
4. a final sigma becomes a sigma, a dotless i an i; ``ø ł đ ħ ŧ`` lose their stroke; ``ß æ œ`` become ``ss ae oe``.

Marks of other scripts stay: か and が are different letters. Letters that are newer than Python's Unicode have no case
yet. The views store text as it is folded here, once: Postgres folds nothing.
"""

import re
from unicodedata import normalize

_SPACING = re.compile(
    "([\xa8\xaf\xb4\xb8\u02d8-\u02dd\u037a\u0384\u0385\u1fbd\u1fbf-\u1fc1\u1fcd-\u1fcf\u1fdd-\u1fdf\u1fed\u1fee\u1ffd\u1ffe"
    "\u2017\u203e\u309b\u309c\ufc5e-\ufc63\ufe49-\ufe4c\ufe70\ufe72\ufe74\ufe76\ufe78\ufe7a\ufe7c\ufe7e\uffe3]+)"
)
"""What NFKC makes a space and a mark of: some are letters, and none separates words."""
_MARKS = re.compile("[\u0300-\u036f]+")
_LONGEST = 500  # characters, of at most four bytes each
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


def fold_title(title: str) -> str:
    """Return a title as it is compared and sorted: by its first characters, where folding makes more of them.

    An entry of an index has at most 2,704 bytes, and a character may become eighteen.
    """
    return fold(title)[:_LONGEST]


def _fold(text: str) -> str:
    bare = normalize("NFC", _MARKS.sub("", normalize("NFD", _plain(text))))
    return bare.lower().translate(_LETTERS)


def _plain(text: str) -> str:
    if not _SPACING.search(text):
        return normalize("NFKC", text)
    between, spacing = _SPACING.split(text)[::2], _SPACING.findall(text)
    return "".join(normalize("NFKC", part) + kept for part, kept in zip(between, [*spacing, ""], strict=True))


_IS_LATIN = re.compile("[\0-\u036f]*")
_LATIN = {code: _fold(chr(code)) for code in range(0x370)}
"""What Latin letters and the marks that are left out are folded to, each by itself: without other marks nothing can be
composed. So most text is folded in a third of the time."""
