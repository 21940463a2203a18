"""Commands that this process sent recently, until their outcomes are in the views."""

from collections import OrderedDict

from msgspec.structs import replace

from api.commands.command_log import Command
from schemas.records import ChangeTasks


class Recent:
    """The last ``size`` commands by id, in the memory of the process.

    It closes the gap between a command's acknowledgement and its outcome for one API process. With several, a reused
    Idempotency-Key with another body is detected only once the first outcome is in the views; until then the tasks
    stage, which answers each id once, does not carry out the second.
    """

    def __init__(self, size: int = 10_000) -> None:
        self._commands: OrderedDict[str, Command] = OrderedDict()
        self._size = size

    def add(self, command: Command) -> None:
        """Add a command, a bulk without its tasks; remove the oldest if there are too many."""
        self._commands[command.id] = replace(command, items=()) if isinstance(command, ChangeTasks) else command
        if len(self._commands) > self._size:
            self._commands.popitem(last=False)

    def forget(self, command: Command) -> None:
        """Remove a command that was certainly not sent."""
        self._commands.pop(command.id, None)

    def get(self, user: str, command: str) -> Command | None:
        """Return the user's command with this id, if it is kept."""
        found = self._commands.get(command)
        return found if found and found.user == user else None
