"""One partition of a stage that is verified, and what is found."""

from dataclasses import dataclass, field

from aiokafka import TopicPartition

from streams.replay.cut import Cut
from streams.replay.dead_letters import DeadLetters
from streams.replay.difference import Difference, Differs
from streams.runtime import Context, Stage


@dataclass
class Verified:
    """What was compared, filled on the way; it ends at the first difference."""

    stage: str
    partition: int | None = None
    records: int = 0
    outputs: int = 0
    kept: int = 0
    """Keys of the state, or rows."""
    difference: Difference | None = None
    undecided: str | None = None
    """From where on outputs and state could not be decided again, and why, as a clause; None where all were."""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Target:
    """One partition of a stage, and all that its verification rests on."""

    context: Context
    stage: Stage
    number: int
    cut: Cut
    letters: DeadLetters

    def at(self, topic: str) -> TopicPartition:
        """Return this partition of a topic."""
        return TopicPartition(topic, self.number)

    def differs(self, place: str, reason: str, **more: str | None) -> Differs:
        """Return a difference of this partition, to be raised."""
        return Differs(Difference(self.stage.name, self.number, place, reason, **more))
