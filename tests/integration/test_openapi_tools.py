"""What people make TypeScript of the OpenAPI document with, and lint it with, takes it without a warning."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from api.app import openapi
from tests.conftest import CACHE

PINNED = Path(__file__).parent.parent / "openapi"
NEEDED = (20, 19)
USE = """import type { components, operations, paths } from "./api";
export const task: components["schemas"]["NewTask"] = {
  title: "Stand-up",
  due: { date: "2026-11-24", time: "09:00", zone: "Europe/Paris" },
  reminders: [{ before: "PT15M" }, { at: "2026-11-23T09:00:00Z" }],
};
export type Page = paths["/v1/tasks"]["get"]["responses"][200]["content"]["application/json"];
export const titles = (page: Page): string[] => page.items.map((each) => each.title);
export type Refused = operations["create_task"]["responses"][422]["content"]["application/problem+json"];
export const fields = (refused: Refused): string[] => (refused.errors ?? []).map((each) => each.field);
"""
"""What somebody writes with the types."""

Run = Callable[..., subprocess.CompletedProcess[str]]


def missing() -> str:
    """What keeps these tools from running here, "" where nothing does."""
    if not (node := shutil.which("node")) or not shutil.which("npm"):
        return "Node.js and npm are missing: install Node.js 20 or later"
    found = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    version = tuple(map(int, found.removeprefix("v").split(".")))
    return "" if version >= NEEDED else f"Node.js is {found}, and the tools need {'.'.join(map(str, NEEDED))}"


pytestmark = pytest.mark.skipif(bool(reason := missing()), reason=reason or "-")


@pytest.fixture(scope="module")
def tools() -> Path:
    """Where the pinned tools are; they are fetched once."""
    digest = hashlib.sha256((PINNED / "package-lock.json").read_bytes()).hexdigest()[:16]
    place = CACHE / "npm" / digest
    if not place.exists():
        _install(place)
    return place / "node_modules" / ".bin"


def _install(place: Path) -> None:
    part = place.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)  # of an install that was killed
    shutil.copytree(PINNED, part)
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--cache", str(CACHE / "npm" / "cache")]
    done = subprocess.run(["npm", "ci", *options], cwd=part, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    part.rename(place)
    shutil.rmtree(CACHE / "npm" / "cache")  # it is all in its place


@pytest.fixture
def run(tools: Path, tmp_path: Path) -> Run:
    """A function that runs one of the tools beside the document."""
    (tmp_path / "openapi.json").write_text(json.dumps(openapi()))

    def run(name: str, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(tools / name), *words], cwd=tmp_path, check=False, capture_output=True, text=True, timeout=120
        )

    return run


def test_redocly_finds_nothing_to_say_of_the_document(run: Run):
    done = run("redocly", "lint", "openapi.json", "--format=json")
    found = json.loads(done.stdout[done.stdout.index("{") :])
    assert [(each["ruleId"], each["message"], each["location"]) for each in found["problems"]] == []
    assert (done.returncode, found["totals"]) == (0, {"errors": 0, "warnings": 0, "ignored": 0})


def test_openapi_typescript_makes_types_that_programs_are_checked_by(run: Run, tmp_path: Path):
    made = run("openapi-typescript", "openapi.json", "--output", "api.ts")
    assert (made.returncode, made.stderr) == (0, "")
    assert "⚠" not in made.stdout

    (tmp_path / "use.ts").write_text(USE)
    checked = run("tsc", "--noEmit", "--strict", "--skipLibCheck", "use.ts")
    assert (checked.returncode, checked.stdout) == (0, "")
