"""The Prefer header, as RFC 7240 has it."""

import pytest

from api import prefer


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([], None),
        (["respond-async"], None),
        (["wait"], 10),
        (["wait=5"], 5),
        (["Wait=5"], 5),
        (['wait="5"'], 5),
        (["wait = 5"], 5),
        (["respond-async, wait=5"], 5),
        (["respond-async", "wait=5; reason=test"], 5),
        (["wait=5, wait=7"], 5),
        (["wait=0"], 0),
        (["wait=9999"], 30),
        (["wait=soon"], None),
        (["wait=-1"], None),
        (["await=5"], None),
    ],
)
def test_a_client_may_prefer_to_wait(headers: list[str], seconds: float | None) -> None:
    assert prefer.wait(headers, limit=30) == seconds
