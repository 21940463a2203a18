"""What the documents name exists, and the example that is worked through can be followed."""

import ast
import itertools
import re
import shlex
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from bench.limits.page import limits
from docs import configuration, errors, stages
from domain.rejections import MEANINGS, Code
from rondo.cli import SECTIONS, cli
from rondo.location import NAMES, SECRETS
from schemas.topics import SHARED
from tests.unit.test_imports import IMPORTED, name_of
from tests.worked import Example, section

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = {
    str(path.relative_to(ROOT)): path.read_text() for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
}
EVERYTHING = "\n".join(DOCUMENTS.values())
CONFIGURATION = DOCUMENTS["docs/configuration.md"]
PARTS = ("api", "bench", "common", "domain", "local", "postgres", "rondo", "schemas", "streams")
SETTING = re.compile(r"\bRONDO_[A-Z_]*[A-Z]\b")


def blocks(document: str, language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", document, re.MULTILINE | re.DOTALL)


def prose(document: str) -> str:
    """A document without its code blocks."""
    return re.sub(r"^```.*?^```$", "", document, flags=re.MULTILINE | re.DOTALL)


def anchors(document: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links() -> list[tuple[str, str]]:
    """Every link within the repository, with its document."""
    found = ((name, link) for name, text in DOCUMENTS.items() for link in re.findall(r"\]\(([^)\s]+)\)", prose(text)))
    return [(name, link) for name, link in found if not link.startswith("http")]


def named(pattern: str) -> list[str]:
    """What a pattern finds at the start of what people type: code in a line, and lines of shell."""
    lines = (line for document in DOCUMENTS.values() for block in blocks(document, "sh") for line in block.splitlines())
    typed = {*lines, *re.findall(r"`([^`\n]+)`", "\n".join(map(prose, DOCUMENTS.values())))}
    found = (re.match(rf"(?:\w+=\S* )*(?:\.venv/bin/)?{pattern}", each) for each in typed)
    return sorted({match[1] for match in found if match})


@pytest.mark.parametrize(("document", "target"), links())
def test_a_link_leads_somewhere(document: str, target: str):
    path, _, anchor = target.partition("#")
    found = (ROOT / document).parent / path if path else ROOT / document
    assert found.exists()
    assert not anchor or anchor in anchors(found.read_text())


@pytest.mark.parametrize("target", named(r"make ([a-z]+)"))
def test_a_make_target_that_is_named_exists(target: str):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("words", named(r"rondo ([a-z][a-z-]*(?: [a-z][a-z-]*)*)"))
def test_a_command_that_is_named_is_taken(words: str):
    command: click.Command | None = cli
    rest = words.split()
    while isinstance(command, click.Group) and rest:
        command = command.get_command(click.Context(command), rest.pop(0))
    assert command, words
    named_only = not rest  # what it takes is named by what it stands for, as TOPIC
    command.make_context(words, rest, resilient_parsing=named_only).close()  # refuses arguments that it does not take


RONDO = re.compile(r"(?:\.venv/bin/)?(rondo .*)|.*\"\$\((rondo [^)]*)\)")


def typed(document: str) -> list[str]:
    """Every line of shell in which `rondo` is typed, from there on."""
    lines = (line for block in blocks(DOCUMENTS[document], "sh") for line in block.splitlines())
    return [found[1] or found[2] for line in lines if (found := RONDO.match(line))]


@pytest.mark.parametrize("line", [line for document in DOCUMENTS for line in typed(document)])
def test_an_example_of_a_command_is_taken_with_all_that_it_says(line: str):
    _, *words = itertools.takewhile(lambda word: word != "|", shlex.split(line, comments=True))
    command: click.Command | None = cli
    while isinstance(command, click.Group) and words:
        command = command.get_command(click.Context(command), words.pop(0))
    assert command
    command.make_context(line, words).close()  # refuses options, values and ids that it does not take


@pytest.mark.parametrize("name", [*SECTIONS["Tasks"], *SECTIONS["You"]])
def test_a_command_on_tasks_has_an_example(name: str):
    assert any(line.startswith(f"rondo {name}") for line in typed("docs/cli.md"))


@pytest.mark.parametrize("module", named(r"(?:python -m|faust -A) ([\w.]+)"))
def test_a_module_that_is_run_exists(module: str):
    assert find_spec(module)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", EVERYTHING))))
def test_a_test_that_is_named_exists(name: str):
    assert any(f"def {name}(" in path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("rule", range(1, 15))
def test_a_rule_of_the_runtime_names_its_tests(rule: int):
    table = DOCUMENTS["docs/architecture.md"].partition("## The rules and their tests")[2].partition("\n## ")[0]
    rows = re.search(rf"^\| {rule} \|.*\n(\| \|.*\n)*", table, re.MULTILINE)
    assert rows
    assert all(re.search(r"`test_\w+` \|$", row) for row in rows[0].splitlines())


@pytest.mark.parametrize("path", sorted(set(re.findall(rf"`((?:{'|'.join(PARTS)}|tests|docs)/[\w./-]+)`", EVERYTHING))))
def test_a_file_that_is_named_exists(path: str):
    made_by_who_follows_contributing = re.search("counts|CompletedCount|note", path)
    assert (ROOT / path).exists() or made_by_who_follows_contributing


def test_the_page_of_settings_is_what_is_written_from_the_code():
    assert configuration.document() == CONFIGURATION, "Write it again: make docs"


def test_the_page_of_errors_is_what_is_written_from_the_code():
    assert errors.document() == DOCUMENTS["docs/errors.md"], "Write it again: make docs"


def test_the_page_of_limits_is_what_is_written_from_the_code():
    assert DOCUMENTS["docs/limits.md"].startswith(limits()), "Write it again: make docs"


def test_every_code_of_a_rejection_is_explained():
    assert set(MEANINGS) == set(Code)


def test_every_setting_is_explained_and_no_other():
    files = [ROOT / "compose.yaml", *(path for part in PARTS for path in (ROOT / part).rglob("*.py"))]
    written = {name for path in files for name in SETTING.findall(path.read_text())}
    read = {setting.name for setting in configuration.settings()} | {f"RONDO_{name.upper()}" for name in NAMES}
    secrets = {setting.name for setting in configuration.settings() if setting.is_secret}
    secret_files = {f"{name}_FILE" for name in secrets | {f"RONDO_{name.upper()}" for name in SECRETS}}
    assert set(SETTING.findall(CONFIGURATION)) == written | read | secret_files


def test_a_setting_that_is_named_elsewhere_is_explained():
    assert set(SETTING.findall(re.sub(r"RONDO_[A-Z_]*…", "", EVERYTHING))) <= set(SETTING.findall(CONFIGURATION))


def test_the_tables_of_topics_and_stages_are_what_is_written_from_the_code():
    page = DOCUMENTS["docs/architecture.md"]
    assert page == stages.document(page), "Write it again: make docs"


def test_the_procfile_is_what_is_written_from_the_stages():
    assert (ROOT / "Procfile").read_text() == stages.procfile(), "Write it again: make docs"


def test_every_topic_says_what_it_holds():
    assert [topic.name for topic in SHARED if not topic.holds] == []


GLOSSARY = re.findall(r"^\| [^|]+ \|[^|]*\|[^|]+\| `([\w.]+)` \|$", DOCUMENTS["docs/glossary.md"], re.MULTILINE)


@pytest.mark.parametrize("name", sorted(set(GLOSSARY)))
def test_a_term_of_the_glossary_is_in_the_code(name: str):
    module, _, attribute = name.rpartition(".")
    assert hasattr(import_module(module), attribute)


def test_each_line_of_the_glossary_is_held():
    assert len(GLOSSARY) == DOCUMENTS["docs/glossary.md"].count("\n| ") - 1


class Step(NamedTuple):
    """A row of the walk: a function of a file, and what it hands on to."""

    number: int
    path: str
    does: str
    function: str
    hands_on: str

    @property
    def source(self) -> str:
        return (ROOT / self.path).read_text()

    def imports(self, path: str) -> bool:
        """Return whether its module imports that of a path; a statement's is its package."""
        file = ROOT / path
        return (
            name_of(file if file.suffix == ".py" else file.parent / "__init__.py")
            in IMPORTED[name_of(ROOT / self.path)]
        )


STEP = re.compile(r"^\| (\d+) \| `([\w./]+)` \| (`(\w+)` [^|]*) \| ([^|]*)\|$", re.MULTILINE)
WALK = [Step(int(number), *rest) for number, *rest in STEP.findall(DOCUMENTS["docs/architecture.md"])]
MOST_FILES = 12


def test_the_walk_from_a_post_to_its_row_is_of_a_few_files():
    assert [step.number for step in WALK] == list(range(1, len(WALK) + 1))
    assert 2 < len({step.path for step in WALK}) <= MOST_FILES


@pytest.mark.parametrize("step", WALK, ids=lambda step: step.path)
def test_a_step_of_the_walk_has_its_function_and_imports_what_it_looks_up(step: Step):
    assert re.search(rf"def {step.function}\(|-- name: {step.function}\b", step.source)
    assert all(map(step.imports, re.findall(r"\(`([\w/]+\.py)`\)", step.does)))


@pytest.mark.parametrize(("step", "following"), list(itertools.pairwise(WALK)), ids=[step.path for step in WALK[1:]])
def test_each_step_from_a_post_to_its_row_leads_to_the_next(step: Step, following: Step):
    """It, or the one that it returns to, imports the next one and names its function, or shares a topic with it."""
    (handed,) = re.findall(r"`([^`]+)`", step.hands_on)
    back = re.match(r"back to (\d+): ", step.hands_on)
    by = WALK[int(back[1]) - 1] if back else step
    if handed in {topic.name for topic in SHARED}:
        constant = handed.replace("-", "_").upper()
        assert constant in by.source
        assert constant in following.source
        return
    assert re.split(r"\W", handed)[-1] == following.function
    assert by.imports(following.path)
    assert back or any(re.search(rf"\b{following.function}\b", each.source) for each in WALK[: step.number])


SOURCES = [source for document in DOCUMENTS.values() for source in blocks(document, "python")]


@pytest.mark.parametrize("source", SOURCES, ids=range(len(SOURCES)))
def test_python_in_documents_is_python(source: str):
    compile(source, "document", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


@pytest.mark.skipif((ROOT / "streams" / "counts.py").exists(), reason="It was followed here.")
def test_the_worked_example_can_be_followed(tmp_path: Path, record_property: Callable[[str, object], None]):
    text = section(DOCUMENTS["CONTRIBUTING.md"], "Add a stage")
    example = Example(tmp_path)
    example.follow(text)
    written = example.differing() - {*example.touched}
    by_hand, by_commands = f"{len(example.touched)} files by hand", f"write {len(written)} more"
    record_property("A stage more", f"{by_hand}; commands {by_commands}")
    assert f"touches {by_hand}" in text
    assert by_commands in text
    example.shell(".venv/bin/ruff check --no-cache && .venv/bin/ruff format --check --no-cache")
