"""Commands that this process sent a moment ago: what is known of them before their outcome stands in the views."""

from collections import OrderedDict

from msgspec.structs import replace

from api.commands.command_log import Command
from schemas.records import ChangeTasks


class Recent:
    """Remembers the last ``size`` commands by id; bounded memory, and lost with the process.

    It closes the gap between a command's acknowledgement and its outcome for one API process. Between several, a reused
    Idempotency-Key with another body is seen only once the first outcome stands; until then the tasks stage, which
    answers each id once, keeps the second from being carried out.
    """

    def __init__(self, size: int = 10_000) -> None:
        self._commands: OrderedDict[str, Command] = OrderedDict()
        self._size = size

    def add(self, command: Command) -> None:
        """Remember a command, of a bulk all but the tasks; the oldest is forgotten where there are too many."""
        self._commands[command.id] = replace(command, items=()) if isinstance(command, ChangeTasks) else command
        if len(self._commands) > self._size:
            self._commands.popitem(last=False)

    def forget(self, command: Command) -> None:
        """Forget a command that was certainly not sent."""
        self._commands.pop(command.id, None)

    def get(self, user: str, command: str) -> Command | None:
        """Return the user's command with this id, if it is remembered."""
        found = self._commands.get(command)
        return found if found and found.user == user else None
