"""What somebody types is looked for as words, and marked where it occurs."""

import re
from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.folding import fold
from domain.query import QueryError
from domain.query.search import MAX_LENGTH, MAX_WORDS, Piece, Search, Term, fragment, parts, search
from domain.words import is_word
from tests.unit.domain.filtering import HOSTILE

USER = "0a1b2c3d-0000-0000-0000-000000000000"
KEY = "gah"


def corrected(text: str, *words: str) -> str | None:
    """What is looked for in the place of a text by somebody who has these words."""
    wanted = search(text)
    unknown = [number for number, term in enumerate(wanted.terms) if not any(map(term.holds, words))]
    if wanted.beside(USER, unknown) is None:
        return None
    found = wanted.corrected(USER, unknown, [KEY + word for word in words])
    return found and str(found)


def test_words_are_looked_for_folded_the_last_one_as_a_beginning():
    assert search("Café-Besuch STRASSE a").terms == (
        Term(("cafe",)),
        Term(("besuch",)),
        Term(("strasse",)),
        Term(("a",)),  # a letter alone begins too many words
    )
    assert search("buy mi").query(USER) == "('gahbuy') & ('gahmi':*)"


@pytest.mark.parametrize(
    "text", ["", " ", "?! €", "_", "x" * (MAX_LENGTH + 1), " ".join(map(str, range(MAX_WORDS + 1)))]
)
def test_what_can_not_be_looked_for_is_refused(text):
    with pytest.raises(QueryError):
        search(text)


@given(st.sampled_from(HOSTILE) | st.text())
def test_nothing_that_is_typed_is_more_than_words_in_a_query(text):
    try:
        query = search(text).query(USER)
    except QueryError:
        return
    words = query.replace(":*", "").replace(" & ", "").strip("()").split(")(")
    assert all(word.startswith("'gah") and word.endswith("'") and is_word(word[4:-1]) for word in words)


@pytest.mark.parametrize("typed", ["reprot", "rpeort", "erport", "eport", "rreport", "repory", "xeport", "report"])
def test_a_word_is_among_those_beside_it_however_it_was_mistyped(typed):
    beside = search(f"{typed} x").beside(USER, [0])
    tasks = [each.strip("':*") for each in beside.tasks.split(" | ")]
    assert any("gahreport".startswith(each) for each in tasks if len(each) > len(KEY))
    assert re.match(beside.words, "gahreport")


def test_what_can_not_be_corrected_is_not_looked_for():
    wanted = search("buy 買い物出差 reprot")
    assert wanted.beside(USER, []) is None  # all are known
    assert wanted.beside(USER, [0]) is None  # too short to tell
    assert wanted.beside(USER, [1]) is None  # any two letters are like any other two
    assert wanted.beside(USER, [len(wanted.terms) - 1]) is not None


def test_an_unknown_word_is_replaced_by_the_one_it_is_nearest_to():
    assert corrected("reprot", "report", "reprise", "quartz") == "report"
    assert corrected("buy reprot", "report", "buy") == "buy report"
    assert corrected("repor", "report") is None  # it is known: as a beginning
    assert corrected("xyz", "xyy") is None  # too short to tell
    assert corrected("buy qqqqq", "buy", "report") is None
    assert corrected("dentits", "dentist", "dentine") == "dentist"


@given(st.text(max_size=60), st.sampled_from(("a", "report", "ca ß", "é")))
def test_the_parts_of_a_text_are_the_text(text, looked_for):
    assert "".join(part.text for part in parts(search(looked_for), text)) == text


@given(st.lists(st.sampled_from(("Café", "café", "report", "Reports", "€", "other", "Straße")), max_size=8))
def test_exactly_the_words_that_are_meant_are_marked(words):
    wanted = search("cafe rep")
    marked = [part.text for part in parts(wanted, " ".join(words)) if part.match]
    assert marked == [word for word in words if fold(word) == "cafe" or fold(word).startswith("rep")]


@given(st.lists(st.sampled_from(("H₂O", "㎏", "牛乳を買う", "ﬁle", "a", "é")), max_size=5))
def test_what_is_written_in_another_form_is_marked(pieces):
    text = " ".join(pieces)
    for looked_for, shown in (("h2o", "H₂O"), ("file", "ﬁle"), ("買う", "買う"), ("乳を買", "乳を買")):
        assert [part.text for part in parts(search(looked_for), text) if part.match] == [shown] * text.count(shown)


def test_long_notes_without_a_match_are_not_looked_through_word_by_word():
    wanted, notes = search("report"), "é " * 8192
    # Beside a plain walk over them, since machines differ; word by word it takes some 20 times as long as that.
    assert fastest(lambda: fragment(wanted, notes)) < 8 * fastest(lambda: re.findall(r"\w", notes))


def fastest(work: Callable[[], object]) -> float:
    """The least CPU that it takes of ten times."""
    took = []
    for _ in range(10):
        began = process_time()
        work()
        took.append(process_time() - began)
    return min(took)


def test_a_fragment_is_the_text_around_the_first_match():
    assert fragment(search("x"), "nothing of it") == ()
    found = fragment(search("here"), "a " * 100 + "here " + "b " * 100)
    assert Piece("here", match=True) in found
    assert (found[0].text[0], found[-1].text[-1]) == ("…", "…")


@pytest.mark.parametrize(
    "terms", [(), (Term(()),), (Term(("a b",)),), (Term(("x'",)),), (Term(("x",) * 6),), (Term(("x",)),) * 201]
)
def test_terms_from_elsewhere_are_words_or_refused(terms):
    with pytest.raises(ValueError, match="words"):
        Search.of(terms)
