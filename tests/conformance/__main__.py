"""Compares Rondo with the conformance suites in a folder: ``python -m tests.conformance DIR``."""

import sys
from pathlib import Path

from click import echo

from tests.conformance.suites import DECIDED, Block, suites


def main(folder: Path) -> int:
    """Print compared, equal and differing blocks by suite, then those that differ; return 1 if one is undecided."""
    found = suites(folder)
    if not found:
        echo(f"There is no suite, libical-*.txt, in {folder}.", err=True)
        return 2
    differing: list[Block] = []
    echo(f"{'suite':<36}{'compared':>9}{'equal':>9}{'differing':>11}")
    for name, blocks in found.items():
        others = [block for block in blocks if not block.agrees()]
        differing += others
        echo(f"{name:<36}{len(blocks):>9}{len(blocks) - len(others):>9}{len(others):>11}")
    for block in differing:
        echo(f"\n{block.rule} from {block.start}:\n  {DECIDED.get((block.rule, block.start), 'undecided')}")
    return int(any((block.rule, block.start) not in DECIDED for block in differing))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Usage: python -m tests.conformance DIR")
    sys.exit(main(Path(sys.argv[1])))
