"""Counts of tasks by value: as many values as there is room for."""

from datetime import date, timedelta

from api.models.listings import MOST_VALUES, Facets
from api.models.selection import Selection
from postgres.reader import Facet


def test_of_many_lists_those_with_most_tasks_are_reported_and_of_many_days_the_first():
    numbers = range(MOST_VALUES + 10)
    days = [Facet("day", (date(2026, 1, 1) + timedelta(number)).isoformat(), 1) for number in numbers]
    lists = [Facet("list", f"list {number}", number) for number in numbers]
    told = Facets.of(Selection.read(None, "UTC", 0), [*days, *lists, Facet("total", None, 7)])
    assert [each.value for each in told.due] == [day.value for day in days[:MOST_VALUES]]
    assert [each.tasks for each in told.list] == sorted(numbers, reverse=True)[:MOST_VALUES]
    assert told.total == 7
