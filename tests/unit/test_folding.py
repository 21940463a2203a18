"""What is stored was folded by the rules of then: these change only with a migration that folds it again."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from unicodedata import category, normalize, ucd_3_2_0, unidata_version

import pytest
from alembic.script import ScriptDirectory

from domain.folding import LONGEST_NOTES, fold, fold_title
from domain.words import LONGEST, MOST, MOST_DIFFERENT, indexed
from local.settings import ROOT
from tests.unit.test_words import POINTED, TITLES

REFOLDED = "0015"
"""The revision that folds what is stored by the rules of today."""
OLDEST = "485b46f37af43e71a0639329d0dab3a577cef58fa85603a4eee5c7e95dc2ec6f"
"""The digest of what these rules make of the characters of Unicode 3.2, which all versions of Python know."""
ALL = {"14.0.0": "e2c6cdf6e1ea4389b9fb0ed8b2d092fac1653dd95f59a17c158960a4d9d90fc2"}
"""The digest of what they make of all characters, by the version of Unicode that Python knows."""
CHANGED = (
    "Text is folded or parted otherwise than before (it is now {found}). Rows hold what the former rules made of"
    " theirs, and would not be found: add a migration that calls postgres.migrations.refolding.refold(), and write its"
    " revision and what is made now into tests/unit/test_folding.py."
)
_ROW = 256


def made(category: Callable[[str], str]) -> str:
    """A digest of what folding and parting make of all characters that are assigned, alone and beside others."""
    bounds = len(fold_title("x" * 9999)), LONGEST_NOTES, LONGEST, MOST, MOST_DIFFERENT
    digest = hashlib.sha256(repr(bounds).encode())
    for begin in range(0, 0x110000, _ROW):
        letters = [chr(code) for code in range(begin, begin + _ROW)]
        letters = [normalize("NFC", letter) for letter in letters if category(letter) not in ("Cn", "Co", "Cs")]
        for text in ("\n".join(letters), "".join(letters), "بa".join(letters)) if letters else ():
            digest.update("\0".join((fold(text), *indexed(text))).encode())
    for text in (*TITLES, *(one for pair in POINTED for one in pair)):
        digest.update("\0".join((fold(text), *indexed(text))).encode())
    return digest.hexdigest()


@pytest.mark.parametrize(
    ("known", "before"), [(ucd_3_2_0.category, OLDEST), (category, ALL.get(unidata_version))], ids=["3.2", "all"]
)
def test_what_text_is_folded_and_parted_to_changes_only_with_a_migration_that_does_so_again(known, before):
    if before is None:
        pytest.skip(f"Nobody has written down what is made of Unicode {unidata_version}.")
    found = made(known)
    assert found == before, CHANGED.format(found=found)


def test_the_revision_that_folded_last_does_so():
    script = ScriptDirectory(str(ROOT / "postgres/migrations")).get_revision(REFOLDED)
    assert "    refold()" in Path(script.path).read_text()
