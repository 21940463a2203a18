"""What Rondo serves names no software, and has no page that loads code from another host."""

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SERVING = [
    path for part in ("api", "schemas", "streams", "local", "rondo") for path in sorted((ROOT / part).rglob("*.py"))
]


@cache
def called() -> dict[str, list[tuple[str, dict[str, object]]]]:
    """Where each function is called, and with which constants by name."""
    found = defaultdict[str, list[tuple[str, dict[str, object]]]](list)
    for path in SERVING:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                given = {each.arg or "**": getattr(each.value, "value", ...) for each in node.keywords}
                found[name].append((str(path.relative_to(ROOT)), given))
    return found


def calls(name: str) -> list[tuple[str, dict[str, object]]]:
    """Where something is called, and with which constants by name."""
    return called()[name]


@pytest.mark.parametrize(("place", "given"), [each for each in calls("Config") if "log_config" in each[1]])
def test_no_server_names_its_software(place: str, given: dict[str, object]):
    assert given["server_header"] is False, place


@pytest.mark.parametrize(("place", "given"), [*calls("FastAPI"), *calls("_Api")])
def test_no_application_has_fastapi_s_pages(place: str, given: dict[str, object]):
    without = {name for name in ("openapi_url", "docs_url", "redoc_url") if name in given and given[name] is None}
    assert "openapi_url" in without or {"docs_url", "redoc_url"} <= without, place


def test_all_that_serve_are_looked_at():
    assert len([each for each in calls("Config") if "log_config" in each[1]]) == 3
    assert len([*calls("FastAPI"), *calls("_Api")]) == 3
