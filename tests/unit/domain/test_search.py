"""What somebody types is looked for as words, and marked where it stands."""

import re
from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.filters import QueryError
from streams.domain.filters.folding import fold
from streams.domain.search import MAX_LENGTH, MAX_WORDS, Part, Search, Term, fragment, parts, search
from tests.unit.domain.filtering import HOSTILE

USER = "0a1b2c3d-0000-0000-0000-000000000000"
KEY = "gah"


def corrected(text: str, *words: str) -> str | None:
    found = search(text).corrected(USER, [KEY + word for word in words])
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
    assert all(word.startswith("'gah") and word.endswith("'") and word.strip("'").isalnum() for word in words)


@pytest.mark.parametrize("typed", ["reprot", "rpeort", "erport", "eport", "rreport", "repory", "xeport", "report"])
def test_a_word_is_among_those_beside_it_however_it_was_mistyped(typed):
    beside = [each.strip("':*") for each in search(f"{typed} x").beside(USER).split(" | ")]
    assert any("gahreport".startswith(each) for each in beside if len(each) > len(KEY))


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


def one_by_one(wanted: Search, text: str) -> list[str]:
    """The words of a text that are looked for, each folded by itself."""
    words = re.findall("[^\\W_][\\w\u0300-\u036f]*", text)
    folded = [re.findall(r"[^\W_]+", fold(word)) for word in words]
    return [
        word
        for word, pieces in zip(words, folded, strict=True)
        if any(term.holds(piece) for piece in pieces for term in wanted.terms)
    ]


# What decomposes, composes, combines, changes its length or has no case, and what stands between words.
LETTERS = st.sampled_from("aeéßÉİıσςΣæøŁがかᄀ\uac00ᅡ\u0301\u0344\u3099\u05b4\u0327 \n_-1\u1e9e\ufb01Å\u0958½")  # noqa: RUF001
TEXTS = st.lists(st.text(LETTERS | st.characters(exclude_categories=("Cs",)), max_size=4), max_size=8).map(" ".join)


@settings(max_examples=500)
@given(TEXTS, TEXTS)
def test_a_word_is_marked_as_if_it_stood_alone(typed, text):
    try:
        wanted = search(typed)
    except QueryError:
        wanted = search("ae")
    for each in (text, text + typed):
        assert [part.text for part in parts(wanted, each) if part.match] == one_by_one(wanted, each)


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


def test_a_fragment_is_what_stands_around_the_first_match():
    assert fragment(search("x"), "nothing of it") == ()
    found = fragment(search("here"), "a " * 100 + "here " + "b " * 100)
    assert Part("here", match=True) in found
    assert (found[0].text[0], found[-1].text[-1]) == ("…", "…")


@pytest.mark.parametrize("terms", [(), (Term(()),), (Term(("a b",)),), (Term(("x'",)),), (Term(("x",) * 51),)])
def test_terms_from_elsewhere_are_words_or_refused(terms):
    with pytest.raises(ValueError, match="words"):
        Search.of(terms)
