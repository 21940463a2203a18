"""What the local stack says of settings that can't be used."""

import pytest

from local import settings
from local.errors import Problem


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch):
    def refused(name: str, value: str) -> str:
        monkeypatch.setenv(name, value)
        with pytest.raises(Problem) as raised:
            settings.load()
        return str(raised.value)

    return refused


def test_a_setting_is_refused_in_the_words_of_every_process(refused):
    assert refused("RONDO_PORT", "eighty").startswith("The setting RONDO_PORT is not usable: Input should be")


@pytest.mark.parametrize("name", ["STACK", "RONDO_STACK"])
def test_a_stack_is_refused_by_the_name_it_was_given_by(refused, monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.delenv("STACK", raising=False)
    assert refused(name, "foo") == f"The setting {name} is not usable: Input should be 'embedded' or 'docker'."


@pytest.mark.parametrize(
    ("grouping", "reason"),
    [
        ("tasks tasks", "There are several topologies tasks in RONDO_TOPOLOGIES"),
        ("core=tasks,recurrence,reminders,audit notify", "views is in no topology: change RONDO_TOPOLOGIES"),
        ("core=tasks,recurrence,reminders,audit notify views tags", "tags is no stage: change RONDO_TOPOLOGIES"),
        ("all=tasks,recurrence,reminders,audit,notify views", "The topology all groups notify with others, but"),
    ],
)
def test_a_grouping_that_is_none_is_refused_with_the_reason(refused, grouping: str, reason: str):
    assert refused("RONDO_TOPOLOGIES", grouping).startswith(f"The setting RONDO_TOPOLOGIES is not usable: {reason}")


@pytest.mark.parametrize(
    "address",
    [
        "nonsense-hunter2",
        "postgresql://me:hunter2@rest-hunter2@localhost/rondo",
        "postgresql://me:hunter2/hunter2@localhost/rondo",
        "postgresql://me:12/hunter2@localhost/rondo",
        "host=localhost password=hunter1 hunter2",
    ],
)
def test_what_is_no_address_of_a_database_is_refused_without_quoting_it(refused, address: str):
    said = refused("RONDO_POSTGRES", address)
    assert said.startswith(
        "The setting RONDO_POSTGRES is not usable: It should be like postgresql://user:password@host"
    )
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me%40server:p%40ss@localhost/rondo",
        "postgresql://me:secret@one:5432,two:5433/rondo?target_session_attrs=read-write",
        "postgresql://me:se?cret@localhost/rondo",
        "host=localhost port=5432 dbname=rondo",
    ],
)
def test_every_form_of_address_that_libpq_takes_is_taken(monkeypatch: pytest.MonkeyPatch, address: str):
    monkeypatch.setenv("RONDO_POSTGRES", address)
    assert settings.load().postgres == address
