"""``python -m local``: starts Rondo whole on this machine, and stops it."""

import signal
import site
import sys


def _run() -> None:
    """Run the command line. While it is imported nothing is there to be stopped: Ctrl-C ends it without a word."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.flags.no_site:  # make leaves that to us, since Python would tell an interruption there by a traceback
        site.main()
    from local.command import main  # noqa: PLC0415 - takes a second

    main()


if __name__ == "__main__":
    _run()
