"""Shorter names of commands, everywhere the same."""

from collections.abc import Mapping

import click

ALIASES: Mapping[str, tuple[str, ...]] = {"ls": ("list", "show"), "done": ("complete",), "rm": ("delete",)}
"""What some commands are called besides; of several the first that there is counts."""


class Aliased(click.Group):
    """A group some of whose commands have a shorter name, too."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one by its name."""
        names = (cmd_name, *ALIASES.get(cmd_name, ()))
        return next((found for name in names if (found := super(Aliased, self).get_command(ctx, name))), None)
