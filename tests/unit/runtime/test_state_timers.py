"""A state knows the number of its timers, however they are found, set and removed."""

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.runtime.rocksdb import StateStore

TIMERS = b"stage/timers\0"
KEYS = st.sampled_from([TIMERS + bytes((n,)) for n in range(8)] + [b"stage/table\0a", b"stage/uvw\0a"])
SCAN = st.tuples(KEYS, KEYS, st.integers(0, 8))
WRITE = st.dictionaries(KEYS, st.none() | st.just(b"value"), max_size=4)


@settings(max_examples=30)
@given(st.lists(SCAN | WRITE, max_size=12))
def test_timers_are_counted_whatever_was_scanned_before_they_are_written(steps):
    with TemporaryDirectory() as directory, closing(StateStore(Path(directory), (TIMERS,))) as state:
        kept: dict[bytes, bytes | None] = {}
        for at, step in enumerate(steps, 1):
            if isinstance(step, dict):
                state.write(step, at, 0)
                kept |= step
            else:
                state.scan(*step)
            assert state.timers == sum(key.startswith(TIMERS) and value is not None for key, value in kept.items())


def test_a_timer_that_was_scanned_is_removed_without_a_look_up(tmp_path: Path):
    with closing(StateStore(tmp_path, (TIMERS,))) as state:
        state.write({TIMERS + bytes((n,)): b"" for n in range(10)}, 1, 0)
        found = state.scan(TIMERS, TIMERS + b"\xff", 5)
        looked_up: list[bytes] = []
        get = state.get
        state.get = lambda key: looked_up.append(key) or get(key)
        state.write({key: None for key, _ in found} | {TIMERS + b"\x09": None}, 2, 0)
        assert looked_up == [TIMERS + b"\x09"]
        assert state.timers == 4
