"""What of an address may be shown: nothing that is, or may be, a part of its password."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rondo.client.address import is_usable
from schemas.addresses import Unreadable, is_readable, readable, without_secrets

SECRET = "s3cret"
# Characters that a person may forget to escape, and some that need no escape.
ANY = st.text("ab1@/:#?%[], ", max_size=8)


@given(ANY)
def test_an_address_is_refused_or_every_part_of_its_password_is_known_as_that(password: str) -> None:
    with suppress(Unreadable):
        assert without_secrets(readable(f"http://user:{password}x@host:80/path")) == "http://host:80/path"


@given(st.sampled_from(["http://", "https://", "postgresql://", "://", ""]), ANY, ANY, ANY, ANY)
def test_nothing_is_shown_of_a_password_however_it_is_written(
    scheme: str, user: str, before: str, behind: str, rest: str
) -> None:
    address = f"{scheme}{user}:{before}{SECRET}{behind}@host{rest}"
    assert SECRET not in without_secrets(address)
    with suppress(Unreadable):
        assert SECRET not in without_secrets(readable(address))


@given(st.text("ab1@/:#?%[], .ht", max_size=20) | st.builds("http://{}".format, ANY))
def test_what_is_not_readable_is_not_shown_and_not_usable(address: str) -> None:
    assert is_readable(address) or (without_secrets(address).endswith("…") and not is_usable(address))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "127.0.0.1:9092,127.0.0.1:9093",
        "postgresql://user:p%40ss@one:5432,two:5432/rondo?sslmode=require",
        "postgresql:///rondo",
        "http://[::1]:8000/path",
    ],
)
def test_an_address_of_a_part_of_rondo_is_readable(address: str) -> None:
    assert readable(address) == address
