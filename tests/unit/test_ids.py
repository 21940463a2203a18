"""Ids are those of RFC 9562, as any other implementation derives them."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from schemas import ids


@given(st.uuids(), st.text())
def test_a_derived_id_is_the_standard_librarys(namespace: UUID, name: str):
    assert ids.uuid5(namespace.bytes, name) == str(uuid5(namespace, name))
