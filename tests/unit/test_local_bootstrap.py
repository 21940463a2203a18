"""What the installer refuses, in one sentence each."""

from pathlib import Path

import pytest

from local import bootstrap

GIB = 1024**3


def test_an_old_python_is_told():
    with pytest.raises(bootstrap.Problem, match=r"needs Python 3\.11 or later, and this is 3\.9: install one"):
        bootstrap.check((3, 9), 100 * GIB)


def test_a_full_disk_is_told():
    with pytest.raises(bootstrap.Problem, match="has 1024 MiB free, and installing Rondo takes 1500: free some"):
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
def test_no_registry_of_packages_is_told(told: str):
    assert "no registry of Python packages answers: connect" in str(bootstrap.failure("uv", told))


def test_any_other_failure_is_told_in_its_last_words():
    told = "Resolved 3 packages\nerror: The lockfile needs to be updated\n"
    assert "(error: The lockfile needs to be updated): see" in str(bootstrap.failure("The packages", told))


def test_the_installer_imports_nothing_that_has_to_be_installed():
    lines = Path(bootstrap.__file__).read_text().splitlines()
    imported = {line.split()[1] for line in lines if line.startswith(("import ", "from "))}
    assert imported <= {"importlib.util", "os", "re", "shutil", "subprocess", "sys", "time", "pathlib"}
