"""What programs read of a lag."""

import json

from rondo.operator import lag
from streams.progress.lag import Lag


def test_programs_find_a_topology_as_in_metrics_and_each_figure_by_its_name():
    [line] = lag.json([Lag("core", "task-commands", 3, 7, 9, 2, 0.5, hidden=True)])
    assert json.loads(line) == {
        "stage": "core",
        "topic": "task-commands",
        "partition": 3,
        "position": 7,
        "end": 9,
        "lag": 2,
        "age": 0.5,
        "hidden": True,
        "outdated": False,
    }
    assert next(iter(json.loads(line))) == "stage"
