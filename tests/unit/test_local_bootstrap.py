"""What the installer refuses, in one sentence each."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local import bootstrap

GIB = 1024**3


def test_an_old_python_is_reported():
    with pytest.raises(bootstrap.Problem, match=r"needs Python 3\.11 or later, and this is 3\.9: install one"):
        bootstrap.check((3, 9), 100 * GIB)


def test_a_full_disk_is_reported():
    with pytest.raises(bootstrap.Problem, match="has 1024 MiB free, and installing Rondo needs 1500: free some space"):
        bootstrap.check((3, 11), GIB)


def test_a_new_python_and_some_room_will_do():
    bootstrap.check((3, 11), 100 * GIB)


@pytest.mark.parametrize(
    "told",
    [
        "error: Failed to fetch: `https://example.org/simple/anyio/`\n  Caused by: dns error",
        "WARNING: Retrying after connection broken by 'NewConnectionError'",
    ],
)
def test_no_registry_of_packages_is_reported(told: str):
    assert "no registry of Python packages answers: connect" in str(bootstrap.failure("uv", told))


def test_any_other_failure_is_reported_by_its_last_line():
    told = "Resolved 3 packages\nerror: The lockfile needs to be updated\n"
    assert "(error: The lockfile needs to be updated): see" in str(bootstrap.failure("The packages", told))


def test_the_installer_imports_nothing_that_has_to_be_installed():
    lines = Path(bootstrap.__file__).read_text().splitlines()
    imported = {line.split()[1] for line in lines if line.startswith(("import ", "from "))}
    assert imported <= {
        "importlib.util",
        "os",
        "re",
        "shutil",
        "signal",
        "site",
        "subprocess",
        "sys",
        "time",
        "pathlib",
    }


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """As much of a clone as says whether it is installed, which it is."""
    root = Path(bootstrap.__file__).parent.parent
    clone = tmp_path / " fírst, #1 100% 'x' [a] * "
    (clone / "local").mkdir(parents=True)
    (clone / ".venv" / "bin").mkdir(parents=True)
    for file in ("Makefile", "uv.lock", "pyproject.toml", "local/bootstrap.py"):
        shutil.copy(root / file, clone / file)
    (clone / ".venv" / "bin" / "python").symlink_to(sys.executable)
    version = "{}.{}".format(*sys.version_info)
    (clone / ".venv" / ".installed").write_bytes(os.fsencode(clone) + f"\n{version}\n".encode())
    return clone


def installed(clone: Path) -> bool:
    """Whether make has nothing to install."""
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(["make", "-q", ".venv/.installed"], cwd=clone, env=environment, check=False).returncode == 0


def test_a_clone_that_stays_where_it_is_is_installed_once(clone: Path):
    assert installed(clone)


def test_a_clone_that_was_moved_is_installed_again(clone: Path):
    assert not installed(clone.rename(clone.with_name("second")))


def test_a_copy_of_a_clone_is_installed_again_and_the_first_is_not(clone: Path):
    assert not installed(shutil.copytree(clone, clone.with_name("second"), symlinks=True))
    assert installed(clone)


def test_a_clone_whose_python_is_gone_is_installed_again(clone: Path):
    (clone / ".venv" / "bin" / "python").unlink()
    (clone / ".venv" / "bin" / "python").symlink_to("/nowhere/python")
    assert not installed(clone)


def test_a_clone_that_was_installed_for_another_python_is_installed_again(clone: Path):
    (clone / ".venv" / ".installed").write_bytes(os.fsencode(clone) + b"\n3.9\n")
    assert not installed(clone)


@pytest.mark.parametrize(
    ("known", "script", "kept"),
    [
        (b"", b"#!{}/bin/python", True),  # an earlier version's
        (b"", b"#!/elsewhere{}/bin/python", False),
        (b"/elsewhere\n3.11\n", b"#!{}/bin/python", False),
    ],
)
def test_an_environment_of_another_place_is_removed_before_one_is_installed(
    tmp_path: Path, known: bytes, script: bytes, kept: bool
):
    environment = tmp_path / ".venv"
    (environment / "bin").mkdir(parents=True)
    (environment / ".installed").write_bytes(known)
    (environment / "bin" / "rondo").write_bytes(script.replace(b"{}", os.fsencode(environment)))
    bootstrap.discard(environment)
    assert environment.exists() == kept


def test_a_link_to_an_environment_is_removed_and_the_environment_stays(tmp_path: Path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / ".venv").symlink_to("theirs")
    bootstrap.discard(tmp_path / ".venv")
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]


@pytest.mark.parametrize("name", [*(f"/a{character}b" for character in bootstrap.FORBIDDEN), "/a\udcffb"])
def test_a_path_that_programs_can_not_be_started_from_is_refused_in_a_sentence(name: str):
    with pytest.raises(bootstrap.Problem, match=r"^Rondo can't run from [^\n]*RONDO_DATA\)\.$"):
        bootstrap.check_place(os.fsencode(name))


@pytest.mark.parametrize("seconds", [0.2, 0.4])
def test_ctrl_c_ends_the_installer_without_a_traceback(clone: Path, seconds: float):
    (clone / "uv.lock").unlink()
    with subprocess.Popen(
        [sys.executable, "-S", "local/bootstrap.py"], cwd=clone, stderr=subprocess.PIPE, text=True
    ) as popen:
        time.sleep(seconds)
        popen.send_signal(signal.SIGINT)
        _, said = popen.communicate(timeout=60)
    assert "Traceback" not in said
    assert popen.returncode in {-signal.SIGINT, 130, 1}  # the last where it had failed before
