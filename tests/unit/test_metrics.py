"""What docs/metrics.md lists is what a worker exports."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from streams.runtime.exposition import exposition

DOCUMENT = (Path(__file__).parent.parent.parent / "docs" / "metrics.md").read_text()
LISTED = re.findall(r"^\| `(rondo_\w+)` \| (\w+) \| ([\w, ]+) \| \S", DOCUMENT, re.MULTILINE)


def test_the_metrics_that_are_exported_are_those_that_are_explained():
    exported = re.findall(r"^# TYPE (rondo_\w+) (\w+)$", exposition([]).decode(), re.MULTILINE)
    assert sorted(exported) == sorted((name, kind) for name, kind, _ in LISTED)


def test_every_metric_says_what_it_is():
    families = text_string_to_metric_families(exposition([]).decode())
    assert all(family.documentation.endswith(".") for family in families if family.name.startswith("rondo_"))
