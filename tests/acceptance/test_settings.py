import asyncio

import pytest

from rondo.client import Invalid, Outdated
from streams import replay, topologies
from streams.runtime.settings import Settings
from tests.acceptance.days import WAIT
from tests.acceptance.stack import Stack, User


def test_settings_have_defaults_are_changed_and_undone_as_the_log_says(stack: Stack, user: User) -> None:
    rondo, run = user.rondo, stack.run
    before = rondo.settings()
    assert (before["zone"], before["day_time"], before["version"]) == (None, "09:00:00", 0)

    first = rondo.update_settings(zone="Europe/Paris", quiet_from="22:00", quiet_to="07:00", wait=WAIT, version=0)
    assert (rondo.settings(), rondo.settings()["quiet_to"]) == (first["settings"], "07:00:00")
    with pytest.raises(Outdated):
        rondo.update_settings(zone="UTC", wait=WAIT, version=0)
    with pytest.raises(Invalid, match="set both, or clear both"):
        rondo.update_settings(quiet_to=None, wait=WAIT)
    with pytest.raises(Invalid, match="IANA name"):
        rondo.update_settings(zone="Paris")

    assert rondo.undo_command(first["command"]["id"], wait=WAIT)["changed"] == 1
    assert rondo.settings() == {**before, "version": 2, "changed_at": rondo.settings()["changed_at"]}
    settings = Settings(kafka=run["kafka"], registry=run["registry"], postgres=run["postgres"], data=stack.data)
    report = asyncio.run(replay.verify(settings, topologies.parsed("")))
    assert report.differences == [], report.describe()
