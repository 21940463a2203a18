"""``python -m streams.transactions commit|abort TOPIC/PARTITION``: ends a transaction whose end is unknown.

It connects to the broker in ``RONDO_KAFKA``. Transactions that a coordinator will still end are left alone.
"""

import asyncio

import click
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from common import settings
from schemas.kafka import admin, clients
from streams.transactions import history, settlement
from streams.transactions.described import LIVE, Cluster, KnownTransaction, NotOffered, Open


class _Where(click.ParamType):
    """A partition, as ``task-events/0``."""

    name = "where"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> TopicPartition:
        """Return the partition."""
        topic, _, number = value.rpartition("/")
        if not topic or not (number.isascii() and number.isdigit()):
            self.fail(f"{value} is no partition: give it as task-events/0.", param, ctx)
        return TopicPartition(topic, int(number))


@click.command()
@click.argument("end", type=click.Choice(["commit", "abort"]))
@click.argument("where", metavar="TOPIC/PARTITION", type=_Where())
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.option("--kafka", envvar="RONDO_KAFKA", help="The broker, as 127.0.0.1:9092; RONDO_KAFKA by default.")
def main(end: str, where: TopicPartition, yes: bool, kafka: str | None) -> None:
    """Commit or abort the unfinished transactions of a partition; each is shown and must be confirmed."""
    settings.check(clients.Security)
    if not kafka:
        raise click.UsageError('Set RONDO_KAFKA to the broker: run.json in the data directory has it as "kafka".')
    try:
        ended = asyncio.run(_end(kafka, where, committed=end == "commit", yes=yes))
    except (settlement.Unsettled, NotOffered) as error:
        raise click.ClickException(str(error)) from error
    except (KafkaError, OSError) as error:
        raise click.ClickException(f"{kafka} did not end it ({error}): is it the broker, and does it run?") from error
    click.echo(f"{ended} ended in {where.topic}/{where.partition}.")


async def _end(kafka: str, where: TopicPartition, *, committed: bool, yes: bool) -> int:
    if where not in await admin.partitions(kafka, {where.topic}):
        raise click.ClickException(f"There is no partition {where.topic}/{where.partition} on {kafka}.")
    ended = 0
    async with Cluster.of(kafka, [where]) as cluster:
        left = await settlement.half_done(cluster, [where])
        entries = await settlement.recorded(kafka) if left else []
        for one, by in left.items():
            if await settlement.is_to_end(cluster, entries, one, by):
                continue
            click.echo(_describe(one, by, history.committed(entries, one.producer, one.epoch, where)))
            if yes or click.confirm(f"{'Commit' if committed else 'Abort'} it?"):
                await settlement.end(kafka, cluster, one, by, committed=committed)
                ended += 1
    return ended


def _describe(one: Open, by: KnownTransaction | None, committed: bool | None) -> str:
    known = "it is unknown whether it was committed"
    if committed is not None:
        known = f"it was {'committed' if committed else 'aborted'}"
    found = f"{one.partition.topic}/{one.partition.partition} from offset {one.start} on: producer {one.producer}"
    found += f", epoch {one.epoch}, {by.id if by else 'an id that the broker has dropped'}; {known}."
    return f"{found} Its next transaction is open, and would be aborted." if by and by.state in LIVE else found


if __name__ == "__main__":
    main()
