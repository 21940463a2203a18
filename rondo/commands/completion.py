"""`rondo completion`: shell completion of commands, options and ids."""

import click
from click.shell_completion import get_completion_class

from rondo.commands.choices import OneOf
from rondo.commands.help_format import Context

SHELLS = ("bash", "zsh", "fish")


class Completion(click.Command):
    """A command whose help fits the terminal."""

    context_class = Context


@click.command(cls=Completion)
@click.argument("shell", metavar="SHELL", type=OneOf(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script by which SHELL (bash, zsh or fish) completes commands, options and task ids."""
    kind = get_completion_class(shell)
    assert kind
    root = ctx.find_root()
    name = root.info_name or "rondo"
    script = kind(root.command, {}, name, f"_{name}_complete".upper())
    click.echo(script.source_template % script.source_vars())
