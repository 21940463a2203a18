"""Imports point one way, and importing a module starts, connects and reads nothing."""

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

MAY_IMPORT = {
    "common": set(),
    "schemas": {"common"},
    "domain": {"schemas"},
    "channels": {"common", "domain"},
    "postgres": {"common", "domain", "schemas"},
    "streams": {"channels", "common", "domain", "postgres", "schemas"},
    "api": {"channels", "common", "domain", "postgres", "schemas"},
    "local": {"common", "streams", "postgres", "schemas"},  # prepares topics, schemas and tables; it runs processes
    "rondo": {"common", "domain", "streams", "schemas"},
    "bench": {"common", "api", "local", "domain", "streams", "postgres", "schemas"},  # it measures each
    "docs": {
        "common",
        "api",
        "bench",
        "local",
        "domain",
        "rondo",
        "streams",
        "postgres",
        "schemas",
    },  # written from each
}
"""What each part may import besides itself. Only what measures or documents them imports ``api`` or ``rondo``."""

OF_THE_CONTRACT = {"schemas.records", "schemas.ids", "schemas.entity_subjects"}
"""The modules of ``schemas`` that the domain may import: values, without files, brokers or registries."""

WITHOUT_SQL = ("api", "channels", "common", "domain", "local", "rondo", "schemas", "streams")
"""The parts without a statement. Besides `postgres`, `bench` has some: it measures SQL by hand, and fills tables."""
SQL = re.compile(
    r"\b(select\b.+\bfrom\b|select true|insert into|delete from|update \w+\.\w+ set"
    r"|(create|drop|alter) (table|index|database)|listen \w*|rondo\.(tasks|lists|filters|tags)|tasks\.\w+)\b",
    re.IGNORECASE | re.DOTALL,
)

RUNTIME = "streams.runtime"
LAYERS = (
    *("settings", "ahead", "alarm", "context", "failpoints", "buffer", "membership", "phases", "refusals", "restoring"),
    *("pace", "rocksdb", "effects", "tables", "backfill", "stage", "record", "put_back", "topology", "ownership"),
    *(
        "poison",
        "verdicts",
        "unit_of_work",
        "block",
        "retries",
        "metrics",
        "store",
        "waits",
        "disk",
        "agents",
        "intake",
        "punctuation",
    ),
    *("postgres_store", "kafka_store", "task", "watch", "consumer", "app", "exposition"),
)
"""The runtime's modules from the lowest: each imports only those before it."""

PACKAGES = {
    "streams": ("transactions", "runtime", "progress", "replay", "regrouping", "stages", "topologies", "worker"),
    "api": (
        "configuration",
        "concurrency",
        "views",
        "http",
        "models",
        "commands",
        "entity_routes",
        "routes",
        "app",
        "__main__",
    ),
    "rondo": ("location", "client", "terminal", "operator", "commands", "cli"),
}
"""The packages of parts, from the lowest: each imports only those before it. A stage is a module of `streams`."""

SMALL = 40
"""Lines below which a module that only one other of its part imports is a part of that one."""

RUN_BY_ALEMBIC = "postgres.migrations.env"


def name_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(file): file for part in MAY_IMPORT for file in sorted((ROOT / part).rglob("*.py"))}


def part_of(module: str) -> str | None:
    """The part that a module belongs to, the innermost one; None for what is not ours."""
    parts = [part for part in MAY_IMPORT if f"{module}.".startswith(f"{part}.")]
    return max(parts, key=len, default=None)


def imported(source: str, package: str) -> Iterator[str]:
    """Every module that the source of a module of ``package`` imports, at any place."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                submodule = f"{base}.{alias.name}"
                yield submodule if submodule in MODULES else base


def against_the_rule(source: str, module: str) -> list[str]:
    """What the source of ``module`` imports though it may not."""
    own = part_of(module)
    assert own
    package = module if MODULES.get(module, Path()).name == "__init__.py" else module.rpartition(".")[0]
    parts = {name: part_of(name) for name in imported(source, package)}
    return [name for name, part in parts.items() if part not in {None, own, *MAY_IMPORT[own]}]


IMPORTED = {
    name: set(imported(file.read_text(), name if file.name == "__init__.py" else name.rpartition(".")[0]))
    for name, file in MODULES.items()
}


def lines(file: Path) -> int:
    return len(file.read_text().splitlines())


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_its_part_may(module: str) -> None:
    assert against_the_rule(MODULES[module].read_text(), module) == []


def is_for_one_neighbour(module: str) -> bool:
    """Return whether one other module of its part imports a module, and nothing else does."""
    importers = [name for name, names in IMPORTED.items() if module in names]
    return len(importers) == 1 and name_in(importers[0])[0] == name_in(module)[0]


def name_in(module: str) -> tuple[str, str]:
    """The part that a module is of, and its own name."""
    part, _, rest = module.partition(".")
    return part, rest.rpartition(".")[2]


@pytest.mark.parametrize("part", sorted({name.split(".")[0] for name in MODULES}))
def test_no_two_modules_of_a_part_have_one_name(part: str) -> None:
    plain = [name for name, file in MODULES.items() if not file.name.startswith("__") and name.startswith(f"{part}.")]
    names = Counter(name_in(module) for module in plain)
    assert [name for (_, name), times in names.items() if times > 1] == []


def test_no_module_of_a_few_lines_is_there_for_one_other_alone() -> None:
    small = [name for name, file in MODULES.items() if not file.name.startswith("__") and lines(file) < SMALL]
    assert [name for name in small if is_for_one_neighbour(name)] == []


def texts(source: str) -> Iterator[str]:
    """Every text of a module, or part of one that is put together, but docstrings."""
    tree = ast.parse(source)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


@pytest.mark.parametrize("module", [name for name in MODULES if name.split(".")[0] in WITHOUT_SQL])
def test_sql_is_in_postgres_alone(module: str) -> None:
    assert [text for text in texts(MODULES[module].read_text()) if SQL.search(text)] == []


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"schemas.kafka.stopping"}))
def test_kafka_clients_are_stopped_in_one_place(module: str) -> None:
    assert [*unbounded_stops(MODULES[module].read_text())] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("async def f():\n    async with a.AIOKafkaProducer() as producer:\n        pass", [2]),
        ("async def f():\n    await self._consumer.stop()", [2]),
        ("async def f():\n    await stop(consumer)\n    await consumer.start()\n    await app.stop()", []),
    ],
)
def test_a_stop_that_may_wait_for_the_broker_is_found(source: str, found: list[int]) -> None:
    assert [*unbounded_stops(source)] == found


def unbounded_stops(source: str) -> Iterator[int]:
    """The lines that stop a Kafka client with its own ``stop``, which waits as long as the broker is away."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AsyncWith):
            if any("AIOKafka" in ast.unparse(item.context_expr).split("(")[0] for item in node.items):
                yield node.lineno
        elif isinstance(node, ast.Call) and re.search(r"(producer|consumer)\.stop$", ast.unparse(node.func)):
            yield node.lineno


@pytest.mark.parametrize("place", range(len(LAYERS)), ids=LAYERS)
def test_a_module_of_the_runtime_imports_only_what_lies_below_it(place: int) -> None:
    source = MODULES[f"{RUNTIME}.{LAYERS[place]}"].read_text()
    above = {f"{RUNTIME}.{name}" for name in LAYERS[place:]}
    assert above.isdisjoint(imported(source, RUNTIME))
    assert RUNTIME not in imported(source, RUNTIME), "It imports the runtime as a whole."
    assert "TYPE_CHECKING" not in source


def package_in(module: str) -> str:
    """The package or module directly in its part that a module is or lies in."""
    part, _, rest = module.partition(".")
    name = rest.partition(".")[0]
    return "stages" if part == "streams" and name not in PACKAGES[part] else name


@pytest.mark.parametrize("module", [name for name in MODULES if "." in name and name.split(".")[0] in PACKAGES])
def test_a_package_imports_only_those_below_it_in_its_part(module: str) -> None:
    part = module.split(".", maxsplit=1)[0]
    order = PACKAGES[part]
    above = order[order.index(package_in(module)) + 1 :]
    assert [name for name in IMPORTED[module] if name.startswith(f"{part}.") and package_in(name) in above] == []


@pytest.mark.parametrize("part", PACKAGES)
def test_every_package_of_a_part_has_its_place(part: str) -> None:
    assert {package_in(name) for name in MODULES if name.startswith(f"{part}.")} == {*PACKAGES[part]}


def test_the_domain_takes_of_the_contract_only_values() -> None:
    imported = {name for module in MODULES if module.startswith("domain.") for name in IMPORTED[module]}
    allowed = {name for name in MODULES if any(f"{name}.".startswith(f"{one}.") for one in OF_THE_CONTRACT)}
    assert {name for name in imported if name.startswith("schemas.")} <= allowed


def test_every_module_of_the_runtime_has_its_place() -> None:
    assert {name for name in MODULES if name.startswith(f"{RUNTIME}.")} == {f"{RUNTIME}.{name}" for name in LAYERS}


def test_every_module_of_the_runtime_stands_in_the_table_that_says_who_does_what() -> None:
    table, _, _ = (ast.get_docstring(ast.parse(MODULES[RUNTIME].read_text())) or "").partition("Commits:")
    assert sorted(re.findall(r"(\w+)\.py\b", table)) == sorted(LAYERS)


@pytest.mark.parametrize(
    ("module", "source", "found"),
    [
        ("schemas.x", "import streams.tasks", ["streams.tasks"]),
        ("domain.x", "from streams import settings", ["streams"]),
        ("domain.x", "from . import tasks", []),
        ("streams.x", "from domain import tasks\nimport postgres.writer, json", []),
        ("streams.x", "def later():\n    from api.http import tokens", ["api.http.tokens"]),
        ("api.x", "from domain.tasks import decide", []),
        ("api.x", "from streams.tasks import stage", ["streams.tasks"]),
        ("api.x", "from streams import tasks", ["streams.tasks"]),
        ("postgres.x", "if True:\n    import rondo", ["rondo"]),
        ("local.x", "from rondo.client import Rondo", ["rondo.client"]),
        ("api.x", "from docs import errors", ["docs.errors"]),
    ],
)
def test_an_import_against_the_rule_is_found(module: str, source: str, found: list[str]) -> None:
    assert against_the_rule(source, module) == found


WATCH = """
import importlib, json, sys, threading
from pathlib import Path

root, names = Path(sys.argv[1]), sys.argv[2:]
told, module = {}, ""

def hook(event, args):
    if (event in STARTS or (event == "open" and reads(args[0]))) and not by_library(sys._getframe(1)):
        told.setdefault(module, []).append(f"{event} {args!r:.200}")

STARTS = {
    "socket.__new__", "socket.bind", "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system",
    "os.fork", "os.posix_spawn", "_thread.start_new_thread", "signal.signal", "os.mkdir",
}

def reads(path):
    if isinstance(path, int):
        return False
    file = Path(path if isinstance(path, str) else path.decode()).absolute()
    return ours(file) and file.suffix not in {".py", ".pyc"}

def by_library(frame):
    "Whether it happens while a library is being imported, and so is the library's own affair."
    while frame and not ours(frame.f_code.co_filename):
        if frame.f_code.co_name == "<module>" and frame.f_globals["__name__"] != "__main__":
            return True
        frame = frame.f_back
    return False

def ours(file):
    return Path(file).is_relative_to(root) and ".venv" not in Path(file).parts

sys.addaudithook(hook)
for module in names:
    importlib.import_module(module)
    if threading.active_count() > 1:
        told.setdefault(module, []).append("a thread runs")
print(json.dumps(told))
"""


def what_starts(*modules: str, also_in: Path = ROOT) -> dict[str, list[str]]:
    """What each module, imported one after the other into a fresh process, does besides being imported."""
    bare = {"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{also_in}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", WATCH, str(also_in), *modules]
    done = subprocess.run(command, env=bare, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def test_importing_any_module_starts_connects_and_reads_nothing() -> None:
    modules = [name for name in MODULES if name != RUN_BY_ALEMBIC]
    assert what_starts(*modules) == {}


@pytest.mark.parametrize(
    "source",
    [
        "import socket\nsocket.socket().close()",
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()",
        "import asyncio\nloop = asyncio.new_event_loop()\nloop.close()",
        "import subprocess\nsubprocess.run(['true'])",
        "from pathlib import Path\nPath(__file__).with_name('read.txt').read_text()",
    ],
)
def test_a_module_that_starts_or_reads_something_is_found(source: str, tmp_path: Path) -> None:
    (tmp_path / "read.txt").touch()
    (tmp_path / "guilty.py").write_text(source)
    assert what_starts("guilty", also_in=tmp_path).keys() == {"guilty"}
