# ruff: noqa: RUF001 - it is about letters that are taken for others
"""What a word is: the same when a text is indexed, when words are asked for, and where they are marked."""

import re
from random import Random
from unicodedata import normalize

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.folding import LONGEST_NOTES, counting, fold, fold_notes
from domain.validation import MAX_NOTES
from domain.words import LONGEST, MOST, MOST_DIFFERENT, asked, counted, indexed, is_word, places, vector, words

USER = "0a1b2c3d-0000-0000-0000-000000000000"
# What decomposes, composes, combines, changes its length, has no case, joins, parts or is written without spaces.
LETTERS = st.sampled_from(
    "aeéßÉİıσςΣæøŁがかᄀ\uac00ᅡ\u0301\u0344\u3099\u05b4\u0327 \n_-1'.:\u1e9e\ufb01Å\u0958½²₂①⑴℃™㎏㍿ﾀﾞｶﷺﹰ´¨"
    "買う出カーไทยက👩🎂🇫🇷🏽1\ufe0f\u20e3\u200d\u200c\u200b\xad\u3164ि़௰፩𗀀"
    "שׁ\u05bc\ufb2aأبـ\u064e\u0651\u0670\u0653\ufe71\ufcf2\ufefb"
)
TEXTS = st.lists(st.text(LETTERS | st.characters(exclude_categories=("Cs",)), max_size=6), max_size=6).map(" ".join)
TITLES = ("किताब खरीदना", "தமிழ் பாடம்", "שָׁלוֹם", "H₂O", "55 m²", "½", "1½ cups", "१२३", "Rondo™", "ﬁne ＡＢＣ", "🎂 Ana")

POINTED = [
    ("שָׁלוֹם", "שלום"),
    ("\ufb2a\ufb4b", "שו"),
    ("בְּרֵאשִׁ֖ית", "בראשית"),
    ("مُحَمَّد", "محمد"),
    ("ٱلرَّحْمَـٰنِ", "ٱلرحمن"),
    ("كتـــاب", "كتاب"),
    ("ﻣﺮﺣـﺒﺎ", "مرحبا"),
    ("قُرۡءَانࣰ", "قرءان"),
]


def found(title: str, looked_for: str) -> bool:
    """Whether a title is found by all words of something."""
    words = {word for group in asked(looked_for) for word in group}
    return bool(words) and words <= set(indexed(title))


def own_words(title: str) -> list[str]:
    """The words of a title between its spaces, and those of UAX #29, that hold a letter or a digit."""
    parts = [*title.split(), *regex.split(r"(?wV1)\b", title)]
    return [part for part in parts if any(map(str.isalnum, part))]


@pytest.mark.parametrize("title", TITLES)
def test_a_title_is_found_by_each_of_its_words(title):
    assert own_words(title)
    assert [word for word in own_words(title) if not found(title, word)] == []


@settings(max_examples=500)
@given(TEXTS)
@example("aﾞ")
@example("ᄀ\u200bᅡ")
def test_any_text_is_found_by_each_of_its_words(text):
    text = normalize("NFC", text)
    assert [word for word in own_words(text) if not found(text, word)] == []
    assert not list(asked(text)) or found(text, text)


def test_every_letter_and_every_digit_of_unicode_is_a_word():
    letters = [letter for letter in map(chr, range(0x110000)) if letter.isalnum()]
    words = set(indexed("\n".join(normalize("NFC", letter) for letter in letters)))
    asked_for = [(letter, {word for group in asked(letter) for word in group}) for letter in letters]
    assert [letter for letter, those in asked_for if not those or not those <= words] == []


@settings(max_examples=500)
@given(TEXTS)
def test_what_is_indexed_is_what_is_marked(text):
    placed = list(words(text))
    assert [word.text for word in placed] == indexed(text)
    assert [word.begin for word in placed] == sorted(word.begin for word in placed)
    assert all(0 <= word.begin < word.end <= len(text) for word in placed)
    assert all(map(is_word, indexed(text)))


@pytest.mark.parametrize(
    ("title", "looked_for"),
    [
        ("牛乳を買う", "買う"),
        ("牛乳を買う", "買"),
        ("东京出差准备材料", "出差"),
        ("コーヒー豆", "豆"),
        ("ｺｰﾋｰ豆", "コーヒー"),
        ("프로젝트회의에서", "회의"),
        ("ซื้อนมสด", "นม"),
        ("คนทำงาน", "ทำ"),
        ("คนทํางาน", "ทำงาน"),
        ("น้ำตาล", "น้ำ"),
        ("PDF化する", "pdf"),
        ("H₂O", "h2o"),
        ("Dampf\xadschiff", "dampfschiff"),
        ("می\u200cخواهم", "میخواهم"),
        ("Ａｃｍｅ ﬁle", "acme file"),
        ("l’été", "été"),
        ("see example.com/foo_bar", "example foo"),
        ("👍🏽 done", "👍"),
        ("1\ufe0f\u20e3 first", "1"),
        *POINTED,
    ],
)
def test_a_word_is_found_as_people_write_it(title, looked_for):
    assert found(title, looked_for)


@pytest.mark.parametrize(("pointed", "bare"), POINTED)
def test_points_matter_neither_where_they_are_written_nor_where_they_are_looked_for(pointed, bare):
    assert fold(pointed) == fold(bare)
    assert found(bare, pointed)


def test_marks_that_make_a_letter_of_another_stay():
    for one, other in [
        ("か", "が"),
        ("क", "कि"),
        ("க", "கி"),
        ("ก", "กิ"),
        ("ا", "أ"),
        ("ا", "آ"),
        ("و", "ؤ"),
        ("ـ", ""),
    ]:
        assert fold(one) != fold(other)


@pytest.mark.parametrize(
    ("title", "looked_for"),
    [("牛乳を買う", "買牛"), ("カート", "ガ"), ("คนทำงาน", "คนท"), ("cannot", "can"), ("x", "?! €")],
)
def test_what_is_no_word_of_a_title_does_not_find_it(title, looked_for):
    assert not found(title, looked_for)


def test_words_are_as_unicodes_own_rules_part_them():
    text = "The quick (“brown”) fox can’t jump 32.3 feet, right? Ünïcode Ёлка ὈΔΥΣΣΕΎΣ किताब"
    boundaries = [fold(part) for part in regex.split(r"(?wV1)\b", text)]
    parted = [piece for part in boundaries for piece in re.split(r"[^\w\u0900-\u097f]", part) if piece]
    assert indexed(text) == parted


def test_a_vector_names_places_and_weights_and_postgres_takes_each_of_its_words():
    assert vector(USER, "Buy milk", "milk, 買う") == "'gahbuy':1A 'gahmilk':2A,3 'gah買':4 'gah買う':5 'gahう':6"
    long = vector(USER, "\U0001f1eb" * 9 + "\U00020000" * 500, "x" * 16_384 + " a" * 300)
    assert max(len(word.encode()) for word in re.findall("'([^']*)'", long)) <= 3 + 4 * LONGEST
    assert max(place.count(",") for place in long.split(" ")) < 255


WORST = {
    "squared": "㍿" * MAX_NOTES,
    "others squared": "".join(Random(1).choices([chr(code) for code in range(0x3300, 0x3358)], k=MAX_NOTES)),
    "a sentence in one letter": "\ufdfa" * MAX_NOTES,
    "fractions": "½" * MAX_NOTES,
    "raised": "1½ " * (MAX_NOTES // 3),
    "different": "".join(map(chr, range(0x4E00, 0x4E00 + MAX_NOTES))),
    "far ones": "".join(Random(2).choices([chr(code) for code in range(0x20000, 0x2A000)], k=MAX_NOTES)),
    "Hangul": "".join(Random(3).choices([chr(code) for code in range(0xAC00, 0xD7A0)], k=MAX_NOTES)),
}
"""Notes of which folding makes most, or that have most words."""


@pytest.mark.parametrize("notes", WORST.values(), ids=list(WORST))
def test_no_notes_have_more_words_than_count_nor_are_longer_folded(notes):
    kept = places(counting(notes))
    assert sum(map(len, kept.values())) <= MOST
    assert len(kept) <= MOST_DIFFERENT
    assert len(fold_notes(notes)) <= LONGEST_NOTES
    assert len(vector(USER, "x", notes).encode()) < 1 << 19  # Postgres takes a megabyte


@pytest.mark.parametrize("notes", WORST.values(), ids=list(WORST))
def test_of_the_worst_notes_the_same_words_are_indexed_and_marked(notes):
    assert {word.text for word in counted(words(counting(notes)))} == set(places(counting(notes)))


@given(TEXTS, st.integers(1, 200))
def test_all_of_a_text_that_folding_makes_no_longer_counts(text, times):
    notes = (normalize("NFC", text) * times)[:MAX_NOTES]
    if len(fold(notes)) <= LONGEST_NOTES and len(set(indexed(notes))) <= MOST_DIFFERENT:
        assert (counting(notes), fold_notes(notes)) == (notes, fold(notes))
        assert [*counted(indexed(notes))] == indexed(notes)[:MOST]
    if fold(notes) == notes:
        assert len(indexed(notes)) < MOST


def test_all_of_the_longest_notes_that_are_written_without_spaces_counts():
    letters = [chr(0x4E00 + number) for number in range(3000)]  # some far more often than others, as in a language
    notes = "".join(Random(4).choices(letters, [1 / (1 + rank) for rank in range(3000)], k=MAX_NOTES))
    assert [*counted(words(counting(notes)))] == [*words(notes)]


@pytest.mark.parametrize("hostile", ["a'", "\\", "a b", "", "a:*", "a|b", "x" * (LONGEST + 1), "(", "\0"])
def test_what_means_something_in_a_query_is_no_word(hostile):
    assert not is_word(hostile)
