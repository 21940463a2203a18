"""What other users of the machine can read of a Rondo that runs: nothing."""

import stat

from tests.acceptance.stack import Stack, User
from tests.strangers import readable


def test_no_other_user_of_the_machine_reads_a_file(stack: Stack, user: User) -> None:
    user.rondo.create("nobody's business", notes="of nobody else", wait=30)
    stack.data.chmod(0o711)  # as a directory that Rondo made; the tests' own is closed
    control = stack.data / "up.log"
    control.chmod(0o644)

    assert readable(stack.data) == [control]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in stack.data.iterdir() if path != control}
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}
