"""State is kept wherever a file system allows a directory."""

import os
from pathlib import Path

import pytest

from streams.runtime.rocksdb import StateStore

NAMES = [b"B\xc3\xbcro", b"B\xfcro", b"a,b", b" #=:%$'\"\\~ ", b"\xff/\xfe", b"line\nbreak"]


@pytest.mark.parametrize("name", NAMES)
def test_state_is_kept_under_any_name(tmp_path: Path, name: bytes):
    path = tmp_path / os.fsdecode(name) / "state"
    state = StateStore(path)
    state.write({b"key": b"value"}, 1, 0)
    state.close()
    again = StateStore(path)
    kept = again.get(b"key")
    again.close()
    assert kept == b"value"
    assert any(file.name == "CURRENT" for file in path.iterdir())
