"""The Prefer header, as RFC 7240 has it."""

import pytest

from api.http import prefer


@pytest.mark.parametrize(
    ("headers", "is_strict"),
    [
        ([], False),
        (["handling=strict"], True),
        (["Handling = Strict"], True),
        (['handling="strict"'], True),
        (["wait=5, handling=strict"], True),
        (["wait=5", "handling=strict; foo"], True),
        (["handling=lenient"], False),
        (["handling=lenient, handling=strict"], False),
        (["strict", "handling"], False),
    ],
)
def test_a_client_may_prefer_strictness(headers: list[str], is_strict: bool) -> None:
    assert prefer.strict(headers) is is_strict


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
