"""What befalls a Rondo does only the harm that it names."""

from pathlib import Path

from tests.acceptance.stack import Stack
from tests.chaos.faults import settings_of_another


class Running(Stack):
    """A stack that tells addresses without being started."""

    @property
    def run(self) -> dict[str, str]:
        return {"kafka": "127.0.0.1:1", "registry": "http://127.0.0.1:2", "postgres": "postgresql://127.0.0.1:3/rondo"}


def test_a_second_worker_sends_and_tells_the_time_as_the_first_one(tmp_path: Path):
    given = {"RONDO_WEBHOOK": "http://127.0.0.1:4/", "LD_PRELOAD": "clock.so", "RONDO_KAFKA": "127.0.0.1:5"}
    assert settings_of_another(Running(tmp_path, **given)) == {
        **given,
        "RONDO_KAFKA": "127.0.0.1:1",
        "RONDO_REGISTRY": "http://127.0.0.1:2",
        "RONDO_POSTGRES": "postgresql://127.0.0.1:3/rondo",
    }
