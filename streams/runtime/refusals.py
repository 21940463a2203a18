"""Refuses features of Faust that would lose data in a stage, where they are declared or called.

Its tables write before their changelog is acknowledged, its ``on_leader`` is only checked when a timer fires, and an
agent's sends are outside the block's transaction.
"""

from typing import Any, NoReturn

import faust


class Refused(RuntimeError):
    """A feature of Faust's that would lose or repeat records in a stage."""


class Topic(faust.Topic):
    """A topic that is written only by blocks."""

    async def send(self, **_: Any) -> NoReturn:
        """Raise ``Refused``."""
        raise Refused(f"{self} is written by a block: block.emit(topic, record), not topic.send.")

    def send_soon(self, **_: Any) -> NoReturn:
        """Raise ``Refused``."""
        raise Refused(f"{self} is written by a block: block.emit(topic, record), not topic.send_soon.")


class App(faust.App):
    """A Faust app without the features that would lose or repeat records."""

    def __init__(self, id: str, **options: Any) -> None:  # noqa: A002  # Faust's name for it
        super().__init__(id, Topic=Topic, **options)

    def Table(self, name: str, **_: Any) -> NoReturn:  # noqa: N802
        """Raise ``Refused``."""
        raise Refused(f"The table {name} is Faust's own: stage.table(name, record) is committed with its block.")

    GlobalTable = SetTable = SetGlobalTable = Table

    def timer(  # type: ignore[override]  # as crontab
        self, interval: Any, on_leader: bool = False, **options: Any
    ) -> Any:
        """Declare a timer on every worker; raise ``Refused`` for one on the leader."""
        _not_on_leader(on_leader)
        return super().timer(interval, **options)

    def crontab(  # type: ignore[override]  # mode's is a class's, Faust's an app's
        self, cron_format: str, *, on_leader: bool = False, **options: Any
    ) -> Any:
        """Declare a crontab on every worker; raise ``Refused`` for one on the leader."""
        _not_on_leader(on_leader)
        return super().crontab(cron_format, **options)

    def task(  # type: ignore[override]  # as crontab
        self, fun: Any = None, *, on_leader: bool = False, **options: Any
    ) -> Any:
        """Declare a task on every worker; raise ``Refused`` for one on the leader."""
        _not_on_leader(on_leader)
        return super().task(fun, **options)


def _not_on_leader(on_leader: bool) -> None:
    if on_leader:
        raise Refused("on_leader keeps no state and misses timers: stage.timer(name) is committed with its block.")
