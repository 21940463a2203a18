"""The runtime with its default settings, exactly-once: one process decides, one writes Postgres."""

import sys
from functools import partial

from bench import table
from bench.run import Run, arguments
from bench.task_commands import Changed, Complete, Create, Json, Task, Update, change, row
from common import logs
from schemas.topics import Topic
from streams import worker
from streams.runtime import App, Block, Stage
from streams.runtime.postgres_store import PostgresStore
from streams.runtime.settings import Settings

PARTS = ("tasks", "sink")


def tasks(run: Run) -> Stage:
    """Return the stage that turns commands into events."""
    commands = Topic(run.commands, "bench", (Create, Update, Complete))
    events = Topic(run.events, "bench", (Changed,))
    stage = Stage(f"tasks-{run.id}", reads=(commands,), writes=(events,), serde=Json)
    held = stage.table("tasks", Task)

    @stage.on(commands)
    def decide(block: Block, command: Create | Update | Complete) -> None:
        event = change(held.get(command.task), command)
        held[command.task] = event.task
        block.emit(events, event)

    return stage


def sink(run: Run) -> Stage:
    """Return the stage that writes events to Postgres."""
    events = Topic(run.events, "bench", (Changed,))
    stage = Stage(f"sink-{run.id}", reads=(events,), store=partial(PostgresStore, put=table.put), serde=Json)

    @stage.on(events)
    def fold(block: Block, event: Changed) -> None:
        block.row("tasks", row(event.task))

    return stage


def stage_of(part: str, run: Run) -> Stage:
    """Return a part's stage."""
    return {"tasks": tasks, "sink": sink}[part](run)


def settings_of(run: Run) -> Settings:
    """Return the settings of all parts."""
    return Settings(
        kafka=run.kafka,
        registry="http://127.0.0.1:9",  # not used: the serde needs none
        postgres=run.postgres,
        data=run.path,
        partitions=run.partitions,
    )


def work(part: str, run: Run) -> None:
    """Run a part until SIGTERM; ends the process."""
    logs.configure("info")
    worker.execute(App(stage_of(part, run), settings_of(run)))


if __name__ == "__main__":
    work(*arguments(sys.argv))
