"""13: what is in the repository speaks of the product only, stays small and hides nothing."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE_LIMIT = 500
FUNCTION_LIMIT = 50
DECLARATIVE_LIMIT = 80  # component trees, and the made-up records of tests
# Written so that this file does not match itself.
MACHINE_PATHS = re.compile(r"(?:^|[^A-Za-z0-9_.])/(?:wo" + r"rk|ro" + r"ot|far" + r"m)/|/tm" + r"p/(?:bash|brief)")
REGISTRIES = re.compile(
    r"pypi\.o" + r"rg|pythonhosted\.o" + r"rg|registry\.npm" + r"js|deb\.debian\.o" + r"rg|index-" + r"url\s*="
)
TO_DO = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def _texts() -> list[tuple[str, str]]:
    found = []
    for path in _tracked():
        content = path.read_bytes()
        if b"\0" not in content[:8000] and path.suffix != ".lock" and ".min." not in path.name:
            found.append((str(path.relative_to(ROOT)), content.decode("utf-8", errors="replace")))
    return found


def _matches(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in _texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


@pytest.mark.parametrize("pattern", [MACHINE_PATHS, REGISTRIES, TO_DO], ids=["machine paths", "registries", "to-dos"])
def test_no_tracked_file_holds(pattern):
    assert _matches(pattern) == []


def test_the_locks_name_no_registry():
    for lock in _tracked("*.lock"):
        assert "://" not in lock.read_text(), lock


def test_files_stay_small():
    """Migrations are lists of columns: they may be long."""
    files = [path for path in _tracked("*.py") if "migrations/versions" not in str(path)]
    lines = {path: path.read_text().count("\n") for path in files}
    assert {str(path.relative_to(ROOT)): count for path, count in lines.items() if count > FILE_LIMIT} == {}


def _functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_functions_stay_small():
    """Migrations are lists of columns: they may be long."""
    long = {}
    for path in _tracked("*.py"):
        name = str(path.relative_to(ROOT))
        if name.startswith("services/store/migrations/"):
            continue
        limit = DECLARATIVE_LIMIT if name.startswith(("layouts/", "tests/")) else FUNCTION_LIMIT
        for function in _functions(path):
            size = (function.end_lineno or function.lineno) - function.lineno + 1
            if size > limit:
                long[f"{name}:{function.lineno} {function.name}"] = size
    assert long == {}


def test_a_skip_says_why():
    """No test is switched off without a reason in words."""
    bare = re.compile(r"pytest\.skip\(\s*\)|@pytest\.mark\.(?:skip|xfail)\s*(?:$|\(\s*\))")
    assert _matches(bare) == []


def test_every_ignored_ruff_rule_has_a_reason():
    text = (ROOT / "pyproject.toml").read_text()
    listed = text.split("ignore = [", 1)[1].split("\n]", 1)[0]
    assert [line for line in listed.splitlines() if line.strip() and "#" not in line] == []
