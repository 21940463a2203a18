"""Folds text for comparison: case, accents, width and superscripts don't matter.

Folding takes these steps:

1. Replace compatibility forms (NFKC): full-width letters, ligatures, ``²``, ``½``; except those that are a space with
   a mark, such as U+00B4.
2. Decompose (NFD), remove the combining marks U+0300 to U+036F, the optional marks of Hebrew and Arabic (points,
   accents, vowels, recitation signs) and a tatweel beside an Arabic letter, and compose (NFC).
3. Lower-case character by character (Unicode's simple mapping).
4. Map a final sigma to a sigma and a dotless i to an i; ``ø ł đ ħ ŧ`` lose their stroke; ``ß æ œ`` become ``ss ae oe``.

Other marks stay: か and が are different letters, as are an alef with and without a hamza; Indic vowel signs stay.
Letters newer than Python's Unicode have no case. The views store folded text: Postgres folds nothing. A change of
folding therefore needs a migration that folds the stored text again (``postgres/migrations/refolding.py``).
"""

import re
from unicodedata import is_normalized, normalize

_SPACING = re.compile(
    "([\xa8\xaf\xb4\xb8\u02d8-\u02dd\u037a\u0384\u0385\u1fbd\u1fbf-\u1fc1\u1fcd-\u1fcf\u1fdd-\u1fdf\u1fed\u1fee\u1ffd\u1ffe"
    "\u2017\u203e\u309b\u309c\ufc5e-\ufc63\ufe49-\ufe4c\ufe70\ufe72\ufe74\ufe76\ufe78\ufe7a\ufe7c\ufe7e\uffe3]+)"
)
"""Characters that NFKC turns into a space and a mark: some are letters, and none separates words."""
_HEBREW = "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\ufb1e"
_ARABIC = (
    "\u0610-\u061a\u064b-\u0652\u0656-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u0897-\u089f\u08ca-\u08e1\u08e3-\u08ff"
)
"""All except the madda and the hamzas, which form other letters."""
_MARKS = re.compile(f"[\u0300-\u036f{_HEBREW}{_ARABIC}]+")
_ARABIC_LETTER = (
    "[\u0620-\u063f\u0641-\u064a\u066e\u066f\u0671-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06fc\u06ff"
    "\u0750-\u077f\u0870-\u0882\u0886\u0889-\u088e\u08a0-\u08c9]"
)
_TATWEEL = re.compile(f"(?<={_ARABIC_LETTER})\u0640+|\u0640+(?={_ARABIC_LETTER})")
"""A tatweel elongates a letter. On its own it is a word, like any letter."""
_LONGEST = 500  # characters, of at most four bytes each
LONGEST_NOTES = 32_768
"""The most characters of folded notes that count: all, if folding at most doubles them. It may make 18 of one."""
_STEP = 512
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
    """Return the text folded for comparison."""
    if text.isascii():
        return text.lower()
    return text.translate(_LATIN) if _IS_LATIN.fullmatch(text) else _fold(text)


def fold_title(title: str) -> str:
    """Return a title folded for comparing and sorting, cut to the first characters if folding makes it longer.

    An index entry has at most 2,704 bytes, and one character may become 18.
    """
    return fold(title)[:_LONGEST]


def fold_notes(notes: str) -> str:
    """Return notes folded for comparison, cut if folding makes them much longer."""
    return fold(counting(notes))[:LONGEST_NOTES]


def counting(notes: str) -> str:
    """Return the beginning of notes that is compared, indexed and marked: all, unless folding makes it much longer."""
    if len(notes) * 2 <= LONGEST_NOTES and (len(notes) * 18 <= LONGEST_NOTES or is_normalized("NFKC", notes)):
        return notes  # folding at most doubles text that NFKC leaves unchanged
    length = end = 0
    while end < len(notes) and length < LONGEST_NOTES:
        length += len(fold(notes[end : end + _STEP]))
        end += _STEP
    return notes[:end]


def _fold(text: str) -> str:
    bare = _TATWEEL.sub("", _MARKS.sub("", normalize("NFD", _plain(text))))
    return normalize("NFC", bare).lower().translate(_LETTERS)


def _plain(text: str) -> str:
    if not _SPACING.search(text):
        return normalize("NFKC", text)
    between, spacing = _SPACING.split(text)[::2], _SPACING.findall(text)
    return "".join(normalize("NFKC", part) + kept for part, kept in zip(between, [*spacing, ""], strict=True))


_IS_LATIN = re.compile("[\0-\u036f]*")
_LATIN = {code: _fold(chr(code)) for code in range(0x370)}
"""Folded Latin letters and removed marks, character by character: without other marks nothing can be composed. This
folds most text in a third of the time."""
