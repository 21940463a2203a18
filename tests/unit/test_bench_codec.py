"""The codec's bench runs, and tells a figure for either way."""

import re

from click.testing import CliRunner

from bench.codec import main


def test_the_bench_of_the_codec_tells_a_figure_for_either_way():
    told = CliRunner().invoke(main, ["--n", "200", "--rounds", "2"], catch_exceptions=False).stdout
    figures = dict(re.findall(r"^ratio (\S+) (\S+)$", told, re.MULTILINE))
    assert figures.keys() == {"codec-encode:binary/fastavro", "codec-decode:binary/fastavro"}
    assert all(float(figure) > 0 for figure in figures.values())
