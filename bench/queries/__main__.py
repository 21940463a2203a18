"""``python -m bench.queries``: the time of common queries among a million tasks, compared with SQL written by hand."""

import asyncio
from statistics import median

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.queries.measure import Measure, Taken
from bench.queries.tasks import Size, load
from bench.report import ratio
from bench.services import database
from postgres import reader

_USERS = {"who has most": 0, "another": 17}


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.option("--n", "tasks", default=1_000_000, help="Tasks.")
@click.option("--users", default=10_000, help="Users.")
@click.option("--most", default=50_000, help="Tasks of the user with the most.")
@click.option("--seconds", default=5.0, help="Seconds per query, for both forms.")
@click.option("--times", default=500, help="Maximum repetitions of each query.")
def main(tasks: int, users: int, most: int, seconds: float, times: int) -> None:
    """Measure the time of common queries. See docs/benchmarks.md."""
    with database() as dsn:
        asyncio.run(_measured(Console(), dsn, Size(tasks, users, most), seconds, times))


async def _measured(console: Console, dsn: str, size: Size, seconds: float, times: int) -> None:
    async with reader.pool(dsn, min_size=1, max_size=2) as pool:
        await load(pool, size, console)
        for name, number in _USERS.items():
            measure = await Measure.of(pool, number)
            questions = await measure.questions()
            asked = track(questions, f"of {name}", console=console, transient=True)
            _print(console, name, [await measure.taken(question, seconds, times) for question in asked])


def _print(console: Console, user: str, found: list[Taken]) -> None:
    table = Table(title=f"Tasks of {user}; ms, with transaction and role")
    for column in ("question", "p50", "p99", "times", "by hand p50", "beside by hand"):
        table.add_column(column, justify="left" if column == "question" else "right")
    for each in found:
        times = (each.whole_ms(50), each.whole_ms(99))
        by_hand = f"{median(each.by_hand) * 1000:.2f}"
        table.add_row(
            each.question, *(f"{time:.2f}" for time in times), str(len(each.whole)), by_hand, f"{each.ratio:.2f}"
        )
    console.print(table)
    for each in found:
        name = f"{each.question}@{user}".replace(", ", ",").replace(" ", "-")
        ratio(console, f"query-beside-by-hand:{name}", each.ratio)
        ratio(console, f"query-p99-ms:{name}", each.whole_ms(99))


if __name__ == "__main__":
    main()
