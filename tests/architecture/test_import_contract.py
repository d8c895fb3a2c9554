"""13: the import contract holds, and breaking it on purpose is caught."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("dashapp", "layouts", "callbacks", "services", "reports")


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def test_the_contract_holds():
    answer = _lint(ROOT)
    assert answer.returncode == 0, answer.stdout


@pytest.fixture
def skeleton(tmp_path):
    """The five packages, empty but for one module each, under the real contract."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    for area in ("domain", "store", "mart", "metrics", "ingest", "access", "reporting", "validation"):
        (tmp_path / "services" / area).mkdir()
        (tmp_path / "services" / area / "__init__.py").touch()
    return tmp_path


def test_the_skeleton_itself_is_in_order(skeleton):
    assert _lint(skeleton).returncode == 0


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("services/wage.py", ""),  # a folder or module that nobody has placed
        ("services/mart/probe.py", "import services.metrics"),
        ("services/metrics/probe.py", "import services.ingest"),
        ("services/domain/probe.py", "import services.store"),
        ("services/access/probe.py", "import flask"),
        ("services/metrics/probe.py", "import plotly"),
        ("layouts/probe.py", "import services.access"),
        ("layouts/probe.py", "import reports"),
        ("callbacks/probe.py", "import sqlalchemy"),
        ("callbacks/probe.py", "import services.store"),
        ("callbacks/probe.py", "import dashapp"),
        ("reports/probe.py", "import duckdb"),
        ("reports/probe.py", "import services.store"),
    ],
)
def test_breaking_the_contract_is_caught(skeleton, module, line):
    (skeleton / module).write_text(f"{line}\n")
    answer = _lint(skeleton)
    assert answer.returncode == 1
    assert "BROKEN" in answer.stdout or "missing layers" in answer.stdout.lower()


def test_layouts_may_know_the_domain(skeleton):
    (skeleton / "layouts" / "probe.py").write_text("import services.domain\n")
    assert _lint(skeleton).returncode == 0


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_the_domain_is_standard_library_only():
    strangers = {}
    for path in (ROOT / "services" / "domain").rglob("*.py"):
        outside = {
            name
            for name in _imports(path)
            if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("services.domain")
        }
        if outside:
            strangers[path.name] = outside
    assert strangers == {}


def test_the_independent_recomputation_knows_neither_mart_nor_query_layer():
    """5: an oracle that shares code with what it checks proves nothing."""
    independent = [*ROOT.glob("services/validation/**/*.py"), *ROOT.glob("tests/independent/**/*.py")]
    shared = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in independent
        for name in _imports(path)
        if name.startswith(("services.mart", "services.metrics"))
    }
    assert shared == set()
