"""The command line and its commands. Only the command that runs is imported, so that the others cost no time."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

import click
from click.exceptions import NoArgsIsHelpError
from click.shell_completion import CompletionItem

from rondo.commands.aliases import ALIASES
from rondo.commands.exits import DONE, INTERRUPTED, USAGE, sentence
from rondo.commands.help_format import Context


@dataclass(frozen=True)
class Wired:
    """A command's location, as ``module:attribute``, and its line of help."""

    where: str
    help: str


SECTIONS = {
    "Tasks": {
        "add": Wired("change:add", "Create a task."),
        "list": Wired("read:list_tasks", "List tasks, newest first."),
        "show": Wired("read:show", "Show everything about tasks."),
        "edit": Wired("change:edit", "Set fields of tasks."),
        "move": Wired("move:move", "Move a task in your own order."),
        "complete": Wired("status:complete", "Complete tasks."),
        "skip": Wired("status:skip", "Skip an occurrence: the next one opens."),
        "snooze": Wired("status:snooze", "Remind of a task once more, later."),
        "unsnooze": Wired("status:unsnooze", "Snooze tasks no more."),
        "reopen": Wired("status:reopen", "Open completed tasks again."),
        "delete": Wired("status:delete", "Delete tasks; their history stays."),
        "restore": Wired("status:restore", "Restore deleted tasks."),
        "undo": Wired("undo:undo", "Undo the last change, or a given command."),
        "history": Wired("read:history", "Show what happened to a task."),
        "upcoming": Wired("read:upcoming", "Show the occurrences of its series to come."),
        "search": Wired("read:search", "Search titles and notes."),
        "bulk": Wired("bulk:bulk_group", "Change many tasks at once."),
        "lists": Wired("lists:lists_group", "Show and change lists."),
        "filters": Wired("filters:filters_group", "Show and change saved filters."),
        "tags": Wired("tags:tags_group", "Show and change tags on all tasks."),
    },
    "Notifications": {
        "notifications": Wired("notifications:notifications", "Show what was sent, what was not, and why."),
        "targets": Wired("targets:targets_group", "Show and change where notifications go."),
    },
    "Rules": {
        "occurrences": Wired("occurrences:occurrences", "Print when a rule recurs."),
    },
    "You": {
        "settings": Wired("settings:settings", "Show and change your zone, quiet hours and the like."),
        "login": Wired("account:log_in", "Save the address and the token for later commands."),
        "logout": Wired("account:log_out", "Remove the saved address and token."),
        "whoami": Wired("account:whoami", "Show the server and the user that commands use."),
        "completion": Wired("completion:completion", "Print a shell's completion script."),
    },
    "The log": {
        "worker": Wired("log:run_worker", "Run stages in this process."),
        "lag": Wired("log:show_lag", "Show how far behind stages are."),
        "reset-positions": Wired("log:reset_positions", "Reset positions that are beyond the end of the log."),
        "regroup": Wired("log:regroup", "Let the log go on with its stages grouped otherwise."),
        "topics": Wired("log:show_topics", "Show every topic, and its configuration drift."),
        "tail": Wired("log:follow_topic", "Show the records of a topic, and follow it."),
        "dead-letters": Wired("dead_letter_commands:dead_letters_group", "List dead letters, and resend them."),
        "audit": Wired("log:audit_group", "Check the audit trail."),
        "verify": Wired("log:verify_stages", "Fold the log again, and compare with the current state."),
        "replay": Wired("log:replay_stage", "Fold the log again for a stage, and print the result."),
        "demo": Wired("log:run_demo", "Run a demonstration on a running Rondo."),
    },
}
"""Every command, in the sections of `rondo --help`."""

WIRED = {name: wired for section in SECTIONS.values() for name, wired in section.items()}

ELSEWHERE = {
    **dict.fromkeys(("new", "create"), "add"),
    **dict.fromkeys(("modify", "mod", "set", "update", "change"), "edit"),
    **dict.fromkeys(("close", "finish", "do", "check"), "complete"),
    **dict.fromkeys(("del", "remove", "purge"), "delete"),
    **dict.fromkeys(("info", "view", "get"), "show"),
    **dict.fromkeys(("find", "grep"), "search"),
    **dict.fromkeys(("projects", "project"), "lists"),
    **dict.fromkeys(("labels", "label", "tag"), "tags"),
    "uncomplete": "reopen",
    "log": "history",
    "next": "list",
    "version": "--version",
    "help": "--help",
    "today": "list --filter 'due = today'",
    "overdue": "list --filter overdue",
    "completed": "list --filter completed",
    "inbox": "list --list inbox",
    **dict.fromkeys(("postpone", "reschedule"), "edit ID --due DUE"),
}
"""Other programs' names for a command."""


class Commands(click.Group):
    """The commands of ``WIRED``."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """Return their names."""
        return list(WIRED)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Import a command by its name; None if there is no such command."""
        names = (cmd_name, *ALIASES.get(cmd_name, ()))
        if not (wired := next((WIRED[name] for name in names if name in WIRED), None)):
            return None
        module, _, attribute = wired.where.partition(":")
        command: click.Command = getattr(import_module(f"rondo.commands.{module}"), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command by its name; for an unknown name, suggest the closest."""
        name = args[0]
        if self.get_command(ctx, name) is None and not ctx.resilient_parsing and name[:1] != "-":
            from difflib import get_close_matches  # noqa: PLC0415 - seldom needed

            near = ELSEWHERE.get(name) or next(iter(get_close_matches(name, WIRED, 1, 0.7)), None)
            ctx.fail(f"There is no command {name!a}." + (f" Did you mean `rondo {near}`?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write them by section."""
        for title, section in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(_with_alias(name), wired.help) for name, wired in section.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete their names."""
        names = [CompletionItem(name, help=WIRED[name].help) for name in WIRED if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]


def _describe(error: click.UsageError) -> str:
    """Return what was typed wrong; for an unknown option, with the closest ones."""
    if not isinstance(error, click.NoSuchOption):
        return error.format_message()
    near = " or ".join(f"`{each}`" for each in sorted(error.possibilities or ()))
    return f"There is no option {error.option_name}." + (f" Did you mean {near}?" if near else "")


def _with_alias(name: str) -> str:
    return ", ".join([name, *(alias for alias, of in ALIASES.items() if name == of[0])])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(None, "-V", "--version", package_name="rondo", message="%(prog)s %(version)s")
def cli() -> None:
    """Rondo: tasks that never duplicate, reminders that are never lost."""


def main(typed: Sequence[str] | None = None) -> NoReturn:
    """Run a command line, and exit. An error is one line on standard error; the exit status gives its kind."""
    words = list(sys.argv[1:] if typed is None else typed)
    replace_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal's encoding may lack characters
    if wrong := next((word for word in words if not _is_text(word)), None):
        fail(f"{wrong!a} is not UTF-8: type it in the encoding of this terminal.", USAGE)
    try:
        status = cli.main(words, prog_name="rondo", standalone_mode=False)
    except NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "rondo"
        fail(f"{sentence(_describe(error))} See `{where} --help`.", error.exit_code)
    except click.ClickException as error:
        fail(sentence(error.format_message()), error.exit_code)
    except click.Abort:
        sys.exit(INTERRUPTED)
    sys.exit(status if isinstance(status, int) else DONE)


def replace_closed_streams() -> None:
    """Replace each standard stream that is closed by the null device."""
    nowhere = Path(os.devnull)
    sys.stdin = sys.stdin or nowhere.open(encoding="utf-8")
    sys.stdout = sys.stdout or nowhere.open("w", encoding="utf-8")
    sys.stderr = sys.stderr or nowhere.open("w", encoding="utf-8")


def _is_text(word: str) -> bool:
    """Return whether Python could decode all bytes of a word."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def fail(sentence: str, status: int) -> NoReturn:
    """Print a sentence as one line on standard error, and exit with a status."""
    click.echo(" ".join(sentence.split()), err=True)
    sys.exit(status)
