"""What Faust would lose data by is refused where it is declared or called."""

import pytest

from schemas import records as r
from schemas.topics import Topic
from streams.runtime import App, Stage
from streams.runtime.refusals import Refused

IN = Topic("in", "test", (r.CompleteTask,))


@pytest.fixture
def app() -> App:
    return App(Stage("refusing", reads=(IN,)))


@pytest.mark.parametrize("kind", ["Table", "GlobalTable", "SetTable", "SetGlobalTable"])
def test_a_table_of_fausts_own_is_refused(app: App, kind: str):
    with pytest.raises(Refused, match=r"stage\.table"):
        getattr(app, kind)("counts", default=int)


def test_a_timer_on_the_leader_is_refused(app: App):
    with pytest.raises(Refused, match=r"stage\.timer"):
        app.timer(1.0, on_leader=True)
    with pytest.raises(Refused, match=r"stage\.timer"):
        app.crontab("* * * * *", on_leader=True)


def test_a_task_on_the_leader_is_refused(app: App):
    with pytest.raises(Refused, match=r"stage\.timer"):
        app.task(on_leader=True)


def test_a_task_on_every_worker_is_not_refused(app: App):
    async def task() -> None: ...

    assert app.task(task).__wrapped__ is task
    assert app.task()(task).__wrapped__ is task


def test_a_timer_on_every_worker_is_not_refused(app: App):
    app.timer(1.0)(lambda: None)


async def test_sending_to_a_topic_is_refused(app: App):
    with pytest.raises(Refused, match=r"block\.emit"):
        await app.topic("in").send(value=b"1")
    with pytest.raises(Refused, match=r"block\.emit"):
        app.topic("in").send_soon(value=b"1")


async def test_sending_to_an_agent_is_refused(app: App):
    async def fold(stream):
        async for _ in stream:
            pass

    agent = app.agent(app.topic("in"))(fold)
    with pytest.raises(Refused, match=r"block\.emit"):
        await agent.send(value=b"1")
