"""``python -m streams.transactions commit|abort TOPIC/PARTITION``: ends a transaction that nothing tells the end of.

It asks the broker that ``RONDO_KAFKA`` names. Transactions that somebody is at work on are left alone.
"""

import asyncio
import os

import click
from aiokafka import TopicPartition

from streams.transactions.described import Cluster
from streams.transactions.settlement import half_done


@click.command()
@click.argument("end", type=click.Choice(["commit", "abort"]))
@click.argument("where", metavar="TOPIC/PARTITION")
def main(end: str, where: str) -> None:
    """Commit or abort the transactions that were left half done in a partition."""
    topic, _, number = where.rpartition("/")
    ended = asyncio.run(_end(os.environ["RONDO_KAFKA"], TopicPartition(topic, int(number)), committed=end == "commit"))
    click.echo(f"{ended} ended in {where}.")


async def _end(kafka: str, partition: TopicPartition, *, committed: bool) -> int:
    async with Cluster.of(kafka, [partition]) as cluster:
        left = await half_done(cluster, [partition])
        for one in left:
            await cluster.mark(one, committed=committed)
    return len(left)


if __name__ == "__main__":
    main()
