"""A state has the options of this version whenever it is opened, and reads what earlier versions wrote."""

from contextlib import closing
from pathlib import Path

from rocksdict import BlockBasedOptions, Cache, Options, Rdict, WriteBatch, WriteBufferManager, WriteOptions

from streams.runtime.rocksdb import Memory, StateStore

MIB = 1024 * 1024
KEPT = {f"table\0{n:06}".encode(): n.to_bytes(4) * 25 for n in range(40_000)}
"""4 MiB, several times what a write buffer takes here."""


def options(path: Path) -> list[str]:
    """Return the options that RocksDB noted at the last opening of a state."""
    noted = max(path.glob("OPTIONS-*"), key=lambda file: file.name)
    return noted.read_text().splitlines()


def earlier() -> Options:
    """Return the options of earlier versions."""
    cache = Cache(8 * MIB)
    made = Options(raw_mode=True)
    made.create_if_missing(True)
    made.set_write_buffer_manager(WriteBufferManager.new_write_buffer_manager_with_cache(4 * MIB, False, cache))
    made.set_write_buffer_size(MIB // 4)
    made.set_max_write_buffer_number(2)
    made.set_keep_log_file_num(2)
    made.set_max_open_files(64)
    made.set_memtable_whole_key_filtering(True)
    made.set_memtable_prefix_bloom_ratio(0.1)
    table = BlockBasedOptions()
    table.set_block_cache(cache)
    table.set_cache_index_and_filter_blocks(True)
    table.set_pin_l0_filter_and_index_blocks_in_cache(True)
    table.set_bloom_filter(10, block_based=False)
    made.set_block_based_table_factory(table)
    return made


def write_as_before(path: Path, applied: bytes) -> None:
    """Write a state as earlier versions did: opened twice, as the options of the second time were others."""
    unlogged = WriteOptions()
    unlogged.disable_wal = True
    entries = list(KEPT.items())
    for part in (entries[::2], entries[1::2]):
        with closing(Rdict(str(path), options=earlier())) as state:
            for start in range(0, len(part), 1000):
                batch = WriteBatch(raw_mode=True)
                for key, value in part[start : start + 1000]:
                    batch.put(key, value)
                batch.put(b"\0changelog", applied)
                state.write(batch, unlogged)


def test_a_state_that_is_opened_again_has_the_options_of_the_first_time(tmp_path: Path):
    StateStore(tmp_path).close()
    first = options(tmp_path)
    StateStore(tmp_path).close()
    assert options(tmp_path)[1:] == first[1:]
    assert "  filter_policy=bloomfilter" in first
    assert "  partition_filters=true" in first
    assert "  index_type=kTwoLevelIndexSearch" in first


def test_what_is_read_from_a_state_that_is_opened_again_is_in_the_memory_of_the_process(tmp_path: Path):
    with closing(StateStore(tmp_path)) as state:
        state.write(dict(KEPT), 1, 0)
    memory = 37 * MIB  # of this test alone
    with closing(StateStore(tmp_path, memory=memory)) as state:
        before = Memory.of(memory).cache.get_usage()
        assert dict(state.under(b"table\0")) == KEPT
        read = Memory.of(memory).cache.get_usage() - before
    assert read > sum(map(len, KEPT.values()))


def test_a_state_of_earlier_versions_is_opened_read_and_written(tmp_path: Path):
    write_as_before(tmp_path, b"".join(n.to_bytes(8) for n in (7, 8, 9)))
    with closing(StateStore(tmp_path)) as state:
        assert (state.changelog, state.at, state.timers) == (7, 8, 9)
        assert dict(state.under(b"table\0")) == KEPT
        assert state.get(b"table\0none") is None
        state.write(dict.fromkeys(list(KEPT)[::3], b"new"), 10, 11)
    expected = KEPT | dict.fromkeys(list(KEPT)[::3], b"new")
    with closing(StateStore(tmp_path)) as state:
        assert {key: state.get(key) for key in KEPT} == expected


def test_an_earlier_version_reads_what_this_one_wrote(tmp_path: Path):
    with closing(StateStore(tmp_path)) as state:
        state.write(dict(KEPT), 1, 0)
    with closing(Rdict(str(tmp_path), options=earlier())) as state:
        assert {key: state[key] for key in KEPT} == KEPT
