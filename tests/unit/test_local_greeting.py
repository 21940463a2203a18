"""The greeting of the person who started the stack."""

from datetime import date
from pathlib import Path

from local.greeting import greeting

RUN = {"api": "http://127.0.0.1:8000", "token": "token"}


def greeted(*, webhook: bool = False) -> str:
    return greeting(RUN, Path("data/run.json"), 1.0, today=date(2027, 2, 28), webhook=webhook)


def test_the_first_task_is_due_tomorrow():
    assert '"due": {"date": "2027-03-01", "time": "09:00"' in greeted()


def test_reminders_are_said_to_appear_on_the_terminal():
    assert "reminders  appear here" in greeted()


def test_reminders_are_said_to_go_to_the_webhook_where_there_is_one():
    assert "reminders  go to RONDO_WEBHOOK" in greeted(webhook=True)
