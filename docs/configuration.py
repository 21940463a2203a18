"""Writes docs/configuration.md from the settings that the programs read: ``python -m docs.configuration``."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import HttpUrl
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

import api.configuration
import local.settings
import schemas.registry.__main__
import streams.runtime.settings
from postgres.connections import Trust
from rondo import location
from schemas.kafka.clients import Security
from schemas.registry.client import Access

FILE = Path(__file__).with_suffix(".md")
PROGRAMS: Mapping[str, tuple[type[BaseSettings], ...]] = {
    "workers": (streams.runtime.settings.Settings, Security, Access, Trust),
    "API": (api.configuration.Settings, Security, Access, Trust),
    "registry": (schemas.registry.__main__.Settings, Security),
    "stack": (local.settings.Settings,),
    "`rondo`": (Security, Access, Trust),
}
"""The settings of each program. A setting of several programs is described by the first."""

_TYPES = {str: "text", bool: "`true` or `false`", int: "whole number", float: "number", Path: "path", HttpUrl: "URL"}
_HEAD = """# Configuration

Every setting is an environment variable. Under `make run` all have defaults: the stack passes its processes all they
need, also required ones. A process that is started by itself exits with an error if one is missing or invalid.
A secret may be in a file instead: the setting that ends in `_FILE` names that file.
`make docs` generates this page from the settings in the code.
"""
_TAIL = """
## Others

| setting | who reads it | means |
|---|---|---|
| `STACK` | stack | short for `RONDO_STACK` |
{command_line}
| `RONDO_USER` | stack | the user of the printed token: the stack sets it for its own processes |
| `RONDO_KAFKA_PORT`, `RONDO_REGISTRY_PORT`, `RONDO_POSTGRES_PORT` | `compose.yaml` | set by the stack |
| `RONDO_POSTGRES_PASSWORD` | `compose.yaml` | set by the stack |
| `PYTHON` | `make` | the Python to install with |
| `HTTPS_PROXY` | the installation | the proxy for downloads |
| `JAVA_HOME` | stack | Java 17 or later; default: the wheel's |
"""


@dataclass(frozen=True)
class Setting:
    """One setting: its variable, its readers, and its description."""

    name: str
    is_secret: bool
    readers: tuple[str, ...]
    takes: str
    default: str
    means: str


def document() -> str:
    """Return the whole page. Raises ValueError for a setting without a description."""
    every = list(settings())
    common = [setting for setting in every if len(setting.readers) > 1]
    parts = [_HEAD, "\n## Common\n", *_table(common, with_readers=True)]
    for program in PROGRAMS:
        if own := [setting for setting in every if setting.readers == (program,)]:
            parts += [f"\n## Of the {program}\n", *_table(own, with_readers=False)]
    command_line = "\n".join(
        f"| {_names(f'RONDO_{name.upper()}', name in location.SECRETS)} | `rondo` | {means} |"
        for name, means in location.NAMES.items()
    )
    return "\n".join(parts) + "\n" + _TAIL.format(command_line=command_line)


def settings() -> Iterator[Setting]:
    """Yield every setting of every program, in the order of declaration."""
    programs = {who: {n: f for each in read for n, f in each.model_fields.items()} for who, read in PROGRAMS.items()}
    for name in dict.fromkeys(name for fields in programs.values() for name in fields):
        readers = {who: fields[name] for who, fields in programs.items() if name in fields}
        described = next((field.description for field in readers.values() if field.description), None)
        if described is None:
            raise ValueError(f"The setting {name} has no docstring in any of {', '.join(readers)}.")
        first = next(iter(readers.values()))
        variable, is_secret = f"RONDO_{name.upper()}", not first.repr
        yield Setting(variable, is_secret, tuple(readers), takes_of(first), default(first), _markdown(described))


def takes_of(field: FieldInfo) -> str:
    """Describe the values that a setting takes."""
    kind = _kind(field.annotation)
    if get_origin(kind) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(kind))
    return ", ".join((_TYPES[kind], *filter(None, map(_bound, field.metadata))))


def _kind(annotation: Any) -> Any:
    """Return the type of a setting that is not None, without what constrains it."""
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    if isinstance(annotation, UnionType) or get_origin(annotation) is Union:
        return _kind(next(each for each in get_args(annotation) if each is not NoneType))
    return annotation


def _bound(bound: Any) -> str | None:
    match bound:
        case Ge(ge=least):
            return f"at least {least}"
        case Gt(gt=below):
            return f"above {below}"
        case Le(le=most):
            return f"at most {most}"
        case MinLen(min_length=least):
            return f"at least {least} characters"
    return None  # a URL's own, or checked by a function


def default(field: FieldInfo) -> str:
    """Return a setting's default as text."""
    if field.is_required():
        return "required"
    value = field.default
    if isinstance(value, Path):
        value = value.relative_to(local.settings.ROOT) if value.is_absolute() else value
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "none" if value in {None, ""} else f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _names(variable: str, is_secret: bool) -> str:
    return f"`{variable}`, `{variable}_FILE`" if is_secret else f"`{variable}`"


def _table(rows: list[Setting], with_readers: bool) -> Iterator[str]:
    columns = ("setting", "who reads it", "takes", "default", "means")
    cells = [
        (_names(row.name, row.is_secret), ", ".join(row.readers), row.takes, row.default, row.means) for row in rows
    ]
    for line in (columns, ("---",) * len(columns), *cells):
        yield f"| {' | '.join(cell for index, cell in enumerate(line) if with_readers or index != 1)} |"


def _markdown(docstring: str) -> str:
    return re.sub(r"\s+", " ", docstring).replace("``", "`").removesuffix(".")


if __name__ == "__main__":
    FILE.write_text(document())
