"""Filters of which all are to hold: what was typed, what was saved, and the list."""

from collections.abc import Sequence
from dataclasses import dataclass

import click


@dataclass(frozen=True)
class Condition:
    """A filter, and which option says it."""

    option: str
    text: str


OPEN = Condition("--filter", "open")
"""What is shown where nothing is asked for."""


def combined(conditions: Sequence[Condition]) -> str:
    """Return the filter that finds what all of them find.

    One alone goes as it was written, so that the API's errors count its columns. Several are each read before they are
    put in brackets: so each is a filter by itself, and its errors count the columns of what was written, too.
    Raises ``click.UsageError``.
    """
    for condition in conditions:
        if not condition.text.strip():
            raise click.UsageError(f"{condition.option} is empty: write a filter, as overdue.")
    if len(conditions) == 1:
        return conditions[0].text
    from domain.query import QueryError, parse  # noqa: PLC0415 - its parser takes long to import

    for condition in conditions:
        try:
            parse(condition.text)
        except QueryError as error:
            raise click.UsageError(f"{condition.option}: {error.detail}") from None
    whole = " and ".join(f"({condition.text})" for condition in conditions)
    try:
        parse(whole)
    except QueryError as error:
        _, _, why = error.detail.partition(": ")
        options = " and ".join(dict.fromkeys(condition.option for condition in conditions))
        raise click.UsageError(f"{options} together are more than one filter may be. {why}") from None
    return whole
