"""The bench of occurrences runs: Rondo takes no more than python-dateutil, and a tenth after ten years."""

import re

from click.testing import CliRunner

from bench.occurrences import main


def test_occurrences_take_no_more_than_dateutils_and_a_tenth_after_ten_years():
    printed = CliRunner().invoke(main, ["--n", "50", "--rounds", "2"], catch_exceptions=False).stdout
    figures = {name: float(figure) for name, figure in re.findall(r"^ratio (\S+) (\S+)$", printed, re.MULTILINE)}
    assert figures.keys() == {"first-50", "next-after-ten-years"}
    assert figures["first-50"] <= 1
    assert figures["next-after-ten-years"] <= 0.1
