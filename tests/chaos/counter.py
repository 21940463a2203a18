"""``python -m tests.chaos.counter NAME``: a worker of a counting stage, with the settings of any worker."""

import sys

from mode import Worker

from common import logs, settings
from streams.runtime.settings import Settings
from tests.integration.runtime.counting import Counting


def main(name: str) -> None:
    chosen = settings.load(Settings)
    logs.configure(chosen.log)
    app = Counting(chosen, name).app
    Worker(app, override_logging=False, redirect_stdouts=False, quiet=True).execute_from_commandline()


if __name__ == "__main__":
    main(sys.argv[1])
