"""The bench of queries compares like with like: Rondo and the SQL by hand find the same tasks."""

import asyncio
from io import StringIO

import pytest
from rich.console import Console

from bench.queries.measure import Found, Measure
from bench.queries.tasks import Size, load
from postgres import reader
from postgres.migrate import migrate

SIZE = Size(tasks=6000, users=20, most=3000)
USERS = {"who has most": 0, "another": 17}


@pytest.fixture(scope="module")
def found(new_database) -> dict[tuple[str, str], tuple[Found, Found]]:
    """What both ways find, by user and question."""

    async def asked() -> dict[tuple[str, str], tuple[Found, Found]]:
        migrate(database := new_database())
        async with reader.pool(database, min_size=1, max_size=2) as pool:
            await load(pool, SIZE, Console(file=StringIO()))
            measures = {name: await Measure.of(pool, number) for name, number in USERS.items()}
            return {
                (name, question.name): await measure.both(question)
                for name, measure in measures.items()
                for question in await measure.questions()
            }

    return asyncio.run(asked())


def test_both_ways_find_the_same(found):
    assert [asked for asked, (rondo, by_hand) in found.items() if rondo != by_hand] == []


def test_who_has_most_finds_something_by_every_question(found):
    assert [asked for asked, (rondo, _) in found.items() if asked[0] == "who has most" and not rondo] == []
