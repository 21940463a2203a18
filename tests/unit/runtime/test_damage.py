"""Whatever happens to the files of a state, in the end it holds what its changelog does, and damage is reported."""

import os
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rocksdict import WriteOptions

from streams.runtime import disk
from streams.runtime.rocksdb import Damaged, DiskError, StateStore

KINDS = ("CURRENT", "IDENTITY", "LOCK", "LOG", "MANIFEST-*", "OPTIONS-*", "*.log", "*.sst", "rocksdict-config.json")
MEMORY = 8 * 1024 * 1024
Change = dict[bytes, bytes | None]


class Worker:
    """What a worker does with a state: it writes after its changelog has the changes, and discards what fails."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changelog: list[Change] = []
        self.state: StateStore | None = None

    def commit(self, changes: Change) -> None:
        self.changelog.append(changes)
        self.at_work(lambda state: state.write(changes, len(self.changelog), 0))

    def at_work(self, do: Callable[[StateStore], object]) -> None:
        """Do something with the state; after damage with one that was reopened, where it is done already."""
        state = self.opened()
        try:
            do(state)
        except Damaged:
            self.close()

    def opened(self) -> StateStore:
        if self.state is None:
            self.state = disk.open(self.path, memory=MEMORY)
            for at, changes in enumerate(self.changelog[self.state.changelog :], self.state.changelog + 1):
                self.state.write(changes, at, 0)
        return self.state

    def close(self) -> None:
        if self.state:
            disk.close(self.state)
        self.state = None

    def kept(self) -> dict[bytes, bytes]:
        """Return all that the state holds, read entry by entry and key by key, as often as it takes."""
        for _ in range(4):
            try:
                state = self.opened()
                found = dict(state.items())
                assert {key: state.get(key) for key in self.expected()} == self.expected()
            except Damaged:
                self.close()
            else:
                return found
        raise AssertionError("It is damaged again and again.")

    def expected(self) -> dict[bytes, bytes]:
        folded: Change = {}
        for changes in self.changelog:
            folded |= changes
        return {key: value for key, value in folded.items() if value is not None}


def some(block: int) -> Change:
    """Changes of one block: new keys, keys that many blocks change, and deletions."""
    chance = Random(block)  # so that nothing is compressed, and a file has several blocks
    new: Change = {b"t\0%d-%d" % (block, n): chance.randbytes(60) for n in range(120)}
    again: Change = {b"again\0%d" % n: chance.randbytes(20) for n in range(20)}
    return new | again | {b"t\0%d-%d" % (block - 3, n): None for n in range(20)}


def in_the_background(state: StateStore) -> None:
    """Do what RocksDB does from time to time by itself."""
    try:
        state._db.flush()
        state._db.compact_range(None, None)
    except Exception as error:
        raise state._judged(error) from error


def written(path: Path) -> Worker:
    """A worker whose state has files of every kind: several sorted ones, and what is not flushed yet."""
    worker = Worker(path)
    for block in range(1, 13):
        worker.commit(some(block))
        if block % 4 == 0:
            worker.opened()._db.flush()
    worker.commit(some(13))
    return worker


def killed(path: Path) -> Worker:
    """A worker of which only its disk is left, as it was while it ran."""
    worker = written(path.with_name("living"))
    shutil.copytree(worker.path, path)
    worker.close()
    worker.path = path
    return worker


def stopped(path: Path) -> Worker:
    worker = written(path)
    worker.close()
    return worker


MOMENTS = (stopped, killed, written)


def missing(path: Path, _: float) -> None:
    path.unlink()


def torn(path: Path, at: float) -> None:
    os.truncate(path, int(path.stat().st_size * at))


def flipped(path: Path, at: float, size: int = 1) -> None:
    content = bytearray(path.read_bytes())
    first = int(len(content) * at)
    content[first : first + size] = bytes(byte ^ 0x10 for byte in content[first : first + size])
    path.write_bytes(content)


def overwritten(path: Path, at: float) -> None:
    flipped(path, at, 2000)


def appended(path: Path, at: float) -> None:
    path.write_bytes(path.read_bytes() + b"%f" % at)


def a_directory(path: Path, _: float) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = (missing, torn, flipped, overwritten, appended, a_directory)


def holds(moment: Callable[[Path], Worker], kind: str, damage: Callable[[Path, float], None], at: float) -> None:
    """Damage each file of a kind, go on, and find everything."""
    with TemporaryDirectory() as directory:
        worker = moment(Path(directory, "stage", "0"))
        for path in sorted(worker.path.glob(kind)):
            damage(path, at)
        worker.commit(some(14))
        worker.at_work(in_the_background)
        worker.commit(some(15))
        assert worker.kept() == worker.expected()
        worker.close()
        assert worker.kept() == worker.expected()
        worker.close()
        assert len(list(worker.path.parent.iterdir())) <= 2 + (moment is killed)  # one copy of it at most


SEEN = [  # each was lost, believed, or retried for ever
    (stopped, "*.sst", flipped, 0.1),
    (written, "*.sst", overwritten, 0.0),
    (written, "*.sst", torn, 0.5),
    (killed, "MANIFEST-*", torn, 0.8),
    (stopped, "CURRENT", missing, 0.0),
    (stopped, "CURRENT", a_directory, 0.0),
    (stopped, "LOCK", a_directory, 0.0),
    (stopped, "rocksdict-config.json", a_directory, 0.0),
]


@pytest.mark.parametrize(("moment", "kind", "damage", "at"), SEEN)
def test_damage_that_was_seen_once_is_healed(
    moment: Callable[[Path], Worker], kind: str, damage: Callable[[Path, float], None], at: float
):
    holds(moment, kind, damage, at)


def test_a_scan_that_comes_to_a_damaged_block_says_so(tmp_path: Path):
    worker = stopped(tmp_path / "stage" / "0")
    for path in worker.path.glob("*.sst"):
        flipped(path, 0.5)
    state = StateStore(worker.path)
    with pytest.raises(Damaged):
        dict(state.items())
    state.close()


def test_a_directory_with_data_but_without_its_first_file_is_no_empty_state(tmp_path: Path):
    worker = stopped(tmp_path / "stage" / "0")
    for path in worker.path.iterdir():
        if path.suffix != ".sst":
            path.unlink()
    with pytest.raises(Damaged, match="CURRENT is missing"):
        StateStore(worker.path)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Corruption: IO error: While open a file for random read: 000012.sst: Too many open files", DiskError),
        ("IO error: No space left on device: While appending to file: 000012.sst: No space left on device", DiskError),
        ("IO error: While lock file: LOCK: Resource temporarily unavailable", DiskError),
        (
            "IO error: lock hold by current process, acquire time 1 acquiring thread 2: LOCK: No locks available",
            DiskError,
        ),
        ("IO error: Permission denied", DiskError),
        ("IO error: While pread offset 0 len 53: 000012.sst: Input/output error", Damaged),
        ("IO error: While reading file sequentially: CURRENT: Is a directory", Damaged),
        ("Not implemented: a file of a later version", Damaged),
        ("Invalid argument: what nobody has thought of", Damaged),
        ("Corruption: block checksum mismatch", Damaged),
    ],
)
def test_what_lies_in_the_machine_is_no_damage_and_all_else_is(tmp_path: Path, text: str, kind: type[DiskError]):
    state = StateStore(tmp_path)
    assert type(state._judged(Exception(text))) is kind
    state.close()


def test_a_panic_of_the_binding_is_damage_and_an_interrupt_none(tmp_path: Path):
    panic = type("PanicException", (BaseException,), {})
    state = StateStore(tmp_path)
    assert type(state._judged(panic("called unwrap on None"))) is Damaged
    assert type(state._judged(KeyboardInterrupt())) is KeyboardInterrupt
    state.close()


def test_a_state_is_written_without_a_log_that_could_outlive_what_it_follows(tmp_path: Path):
    worker = killed(tmp_path / "0")
    assert [path.stat().st_size for path in worker.path.glob("*.log")] == [0]
    assert StateStore(worker.path).changelog == 12  # what was flushed: the rest is on the changelog


def test_a_state_of_an_earlier_version_is_read_with_its_log(tmp_path: Path):
    state = StateStore(tmp_path / "living")
    state._unlogged = WriteOptions()  # as it was
    state.write({b"t\0a": b"1"}, 1, 0)
    shutil.copytree(state.path, tmp_path / "0")
    state.close()
    found = StateStore(tmp_path / "0")
    assert (found.changelog, found.get(b"t\0a")) == (1, b"1")
    found.close()


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=3)
@given(moment=st.sampled_from(MOMENTS), damage=st.sampled_from(DAMAGES), at=st.floats(0, 0.99))
def test_whatever_happens_to_a_file_of_a_state_it_holds_what_its_changelog_does(
    kind: str, moment: Callable[[Path], Worker], damage: Callable[[Path, float], None], at: float
):
    holds(moment, kind, damage, at)


@pytest.mark.deep
@pytest.mark.parametrize(("moment", "kind", "damage"), list(product(MOMENTS, KINDS, DAMAGES)))
def test_every_damage_to_every_kind_of_file_at_every_moment_is_healed(
    moment: Callable[[Path], Worker], kind: str, damage: Callable[[Path, float], None]
):
    for at in (0.0, 0.2, 0.5, 0.9, 0.99):
        holds(moment, kind, damage, at)
