"""Addresses are sealed: unreadable without the key, and nowhere else than in their place."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.sealing import Place, Seal, Unsealable

SEAL = Seal(b"k" * 32)
PLACE = Place("user", "target", "address")


@given(st.text())
def test_what_is_sealed_is_opened_in_its_place_by_its_key(address: str):
    sealed = SEAL.sealed(address, PLACE)
    assert SEAL.opened(sealed, PLACE) == address


@given(st.text(min_size=6))
def test_a_ciphertext_contains_nothing_of_its_address_and_differs_each_time(address: str):
    one, other = SEAL.sealed(address, PLACE), SEAL.sealed(address, PLACE)
    assert one != other
    assert address.encode() not in one


@pytest.mark.parametrize("part", ["user", "target", "address"])
def test_a_ciphertext_that_was_moved_to_another_place_opens_nothing(part: str):
    with pytest.raises(Unsealable):
        SEAL.opened(SEAL.sealed("ntfy://topic", PLACE), replace(PLACE, **{part: "other"}))


def test_another_key_opens_nothing():
    with pytest.raises(Unsealable):
        Seal(b"o" * 32).opened(SEAL.sealed("ntfy://topic", PLACE), PLACE)


def test_a_digest_depends_on_address_and_key():
    assert SEAL.digest("a") == SEAL.digest("a") != SEAL.digest("b")
    assert SEAL.digest("a") != Seal(b"o" * 32).digest("a")


def test_the_key_of_web_push_is_the_same_after_each_start():
    points = [Seal(b"k" * 32).vapid.public_key().public_numbers() for _ in range(2)]
    assert points[0] == points[1] != Seal(b"o" * 32).vapid.public_key().public_numbers()


def test_a_seal_does_not_show_its_key():
    assert "k" * 8 not in repr(SEAL)
