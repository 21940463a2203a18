"""Short names of commands, the same in every group."""

from collections.abc import Mapping

import click

ALIASES: Mapping[str, tuple[str, ...]] = {"ls": ("list", "show"), "done": ("complete",), "rm": ("delete",)}
"""Commands by their short names; the first that a group has is used."""


class Aliased(click.Group):
    """A group that also finds commands by their short names."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name or its short name."""
        names = (cmd_name, *ALIASES.get(cmd_name, ()))
        return next((found for name in names if (found := super(Aliased, self).get_command(ctx, name))), None)
