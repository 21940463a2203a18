"""The worst that every route lets in, while another user asks: nobody waits because of it, and no refusal is long."""

from collections.abc import Callable, Iterator
from itertools import cycle, islice

from api.problems import MOST_BYTES
from bench.limits import asked, worst
from bench.limits.measure import Held, Measure
from tests.integration.ingress.standin import User

WAIT = 1.0
"""Seconds that another may wait; a quarter of them on a machine that does nothing else, see docs/limits.md."""
HEAD = 2048
"""Bytes of an answer's head, at most."""
EVERY = 9
"""So many of a route's bodies is one asked with here; `python -m bench.limits` asks with all."""


def some() -> Iterator[asked.Request]:
    """For each operation some of its worst requests, others for each."""
    turns = cycle(range(EVERY))
    for operation in asked.operations():
        found = [*asked.together(operation)]
        yield from islice(found, next(turns), None, EVERY)
        yield from found[-3:]  # many parameters, many headers
        yield from islice(asked.with_bodies(operation), next(turns), None, EVERY)
        yield from (each for each in asked.with_bodies(operation) if each.name in worst.BULKS)


async def test_nobody_waits_for_the_worst_request_of_another(api: str, new_user: Callable[[], User]):
    host, port = api.removeprefix("http://").split(":")
    worse, other = (user.http.headers["authorization"].partition(" ")[2] for user in (new_user(), new_user()))
    measure = Measure((host, int(port)), worse, other)
    found = [each async for each in measure.held(some())]
    again = [each async for each in measure.held(each.request for each in found if each.other > WAIT)]
    assert [told(each) for each in again if each.other > WAIT] == []  # once may be the machine
    assert [told(each) for each in found if each.status >= 400 and each.size > MOST_BYTES + HEAD] == []
    assert [told(each) for each in found if each.status in (0, 500)] == []


def told(each: Held) -> str:
    waited = f"{each.seconds:.2f} s, the other {each.other:.2f} s"
    return f"{each.request.operation}, {each.request.name}: {each.status}, {each.size:,} bytes, {waited}"
