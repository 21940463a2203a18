"""The statements on the views work as well on tables of the same names elsewhere, as a comparison needs them."""

import pytest

from postgres.queries import load
from postgres.writer import ORDER


@pytest.mark.parametrize("query", ORDER)
def test_a_statement_for_another_schema_leaves_the_views_alone(query: str) -> None:
    assert f"rondo.{query.removeprefix('put_')} " not in getattr(load("pg_temp"), query).sql
