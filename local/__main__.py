"""``python -m local``: starts and stops a whole Rondo on this machine."""

import signal
import site
import sys


def _run() -> None:
    """Run the command line. Until it is imported there is nothing to stop: Ctrl-C exits silently."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.flags.no_site:  # make skips it: interrupted there, Python would print a traceback
        site.main()
    from local.command import main  # noqa: PLC0415 - takes a second

    main()


if __name__ == "__main__":
    _run()
