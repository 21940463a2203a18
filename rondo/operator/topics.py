"""Reads and shows the topics, and their drift from the contract."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiokafka import TopicPartition

from rondo.location import Place
from rondo.operator import grouping
from rondo.terminal.cells import Cell
from rondo.terminal.fitting import Column, Fitted
from schemas.kafka.admin import DECISIVE, configs, differing
from schemas.kafka.hidden import OVERDUE, overdue
from schemas.kafka.log_reader import LogReader
from schemas.topics import DAYS, FOR_EVER, SCHEMAS, SHARED, TASK_COMMANDS, Topic


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic of the contract as the broker has it; no partitions if it is missing.

    ``offsets`` is the number of offsets in its partitions, at least that of its records: transaction markers count too.
    """

    topic: Topic
    partitions: int
    offsets: int
    deviations: tuple[str, ...]


def contract(place: Place) -> list[Topic]:
    """Return every topic of the contract: the shared ones, and each topology's own."""
    own = (topic for topology in grouping.of(place) for topic in topology.topics)
    return list({topic.name: topic for topic in (*SHARED, SCHEMAS, *own)}.values())


async def read(place: Place) -> list[TopicState]:
    """Return the state of the contract's topics."""
    async with LogReader.of(place.kafka) as reader:
        counts = await reader.topics()
        topics = [topic for topic in contract(place) if topic != SCHEMAS or topic.name in counts]
        existing = [topic.name for topic in topics if topic.name in counts]
        described = await configs(place.kafka, existing)
        partitions = await reader.partitions(*existing)
        bounds = await reader.bounds(partitions)
    hidden = await overdue(place.kafka, partitions, OVERDUE) if partitions else {}
    keyed = counts.get(TASK_COMMANDS.name, 0)
    return [
        TopicState(
            topic,
            counts.get(topic.name, 0),
            sum(end - begin for tp, (begin, end) in bounds.items() if tp.topic == topic.name),
            (
                *deviations(topic, counts.get(topic.name, 0), keyed, described.get(topic.name, {})),
                *(hides(tp, offset) for tp, offset in sorted(hidden.items()) if tp.topic == topic.name),
            ),
        )
        for topic in topics
    ]


def deviations(topic: Topic, partitions: int, keyed: int, config: dict[str, str]) -> Iterable[str]:
    """Yield in words a topic's drift from the contract; keyed topics have as many partitions as task-commands."""
    if not partitions:
        yield "missing: its writer creates it when it starts"
        return
    if partitions != (topic.partitions or keyed):
        yield f"{partitions} partitions instead of {topic.partitions or keyed}"
    compared = DECISIVE if topic == SCHEMAS else None  # the registry sets no more
    for name, value, wanted in differing(topic, config, compared):
        yield f"{name}={value} instead of {wanted}"


def hides(tp: TopicPartition, offset: int) -> str:
    """Return in words that a transaction hides records of a partition."""
    return f"partition {tp.partition} hidden from offset {offset} on by a transaction that does not end"


COLUMNS = (
    Column("topic", wraps=True),
    Column("writer", drop=3),
    Column("partitions", drop=4, right=True),
    Column("offsets", drop=1, right=True),
    Column("kept", drop=2),
    Column("drift", wraps=True),
)


def table(topics: Sequence[TopicState]) -> Fitted:
    """Return topics as a table."""
    return Fitted(COLUMNS, [*map(_row, topics)])


def _row(found: TopicState) -> list[Cell]:
    topic = found.topic
    texts = (topic.name, topic.writer, str(found.partitions), str(found.offsets), kept(topic))
    return [*map(Cell.of, texts), Cell.of("\n".join(found.deviations), "bold red")]


def kept(topic: Topic) -> str:
    """Return how long the contract keeps a topic's records."""
    if topic.compacted:
        return "compacted"
    return "for ever" if topic.retention == FOR_EVER else f"{topic.retention // DAYS} days"
