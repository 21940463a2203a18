"""Filters that must all match: one that was typed, a saved one, and one for the list."""

from collections.abc import Sequence
from dataclasses import dataclass

import click


@dataclass(frozen=True)
class Condition:
    """A filter, and the option that it comes from."""

    option: str
    text: str


OPEN = Condition("--filter", "open")
"""The default filter."""


def combined(conditions: Sequence[Condition]) -> str:
    """Return the filter that matches where all of them match. Raises ``click.UsageError``.

    A single one is returned as written, so that columns in the API's errors are right. Several are parsed one by one
    before they are put in brackets: each must be a filter by itself, and columns in its errors are right as well.
    """
    for condition in conditions:
        if not condition.text.strip():
            raise click.UsageError(f"{condition.option} is empty: write a filter, such as overdue.")
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
        raise click.UsageError(f"{options} together exceed the limits of a filter. {why}") from None
    return whole
