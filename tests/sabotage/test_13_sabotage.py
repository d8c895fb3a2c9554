"""13: each numbered capability has a rule that can be turned off, and a test that goes red when it is.

A mutant is one replacement in a copy of the tree. The named test must fail in the copy, by an assertion or an expected
error; it passes in the tree itself, where the suite runs it anyway.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sabotage.editing_mutants import EDITING_MUTANTS
from tests.sabotage.engine_mutants import ENGINE_MUTANTS
from tests.sabotage.explanation_mutants import EXPLANATION_MUTANTS
from tests.sabotage.figure_mutants import FIGURE_MUTANTS
from tests.sabotage.import_mutants import IMPORT_MUTANTS
from tests.sabotage.lane_mutants import LANE_MUTANTS
from tests.sabotage.metric_mutants import METRIC_MUTANTS
from tests.sabotage.mutants import MUTANTS, Mutant
from tests.sabotage.page_mutants import PAGE_MUTANTS
from tests.sabotage.planning_mutants import PLANNING_MUTANTS
from tests.sabotage.promise_mutants import PROMISE_MUTANTS
from tests.sabotage.sensitive_mutants import SENSITIVE_MUTANTS
from tests.sabotage.statistics_mutants import STATISTICS_MUTANTS
from tests.sabotage.team_page_mutants import TEAM_PAGE_MUTANTS

EVERY = (
    *MUTANTS,
    *METRIC_MUTANTS,
    *EXPLANATION_MUTANTS,
    *EDITING_MUTANTS,
    *ENGINE_MUTANTS,
    *FIGURE_MUTANTS,
    *IMPORT_MUTANTS,
    *LANE_MUTANTS,
    *PLANNING_MUTANTS,
    *PROMISE_MUTANTS,
    *STATISTICS_MUTANTS,
    *SENSITIVE_MUTANTS,
    *PAGE_MUTANTS,
    *TEAM_PAGE_MUTANTS,
)

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    "dashapp",
    "layouts",
    "callbacks",
    "services",
    "reports",
    "assets",
    "tests",
    "docs",
    "wsgi.py",
    "pyproject.toml",
)

EVERY_MUTANT = (*MUTANTS, *IMPORT_MUTANTS, *PROMISE_MUTANTS)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A private copy of the tree, beside a link to the shared data."""
    home = tmp_path_factory.mktemp("sabotage")
    tree = home / "project"
    tree.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, tree / part)
    if (ROOT.parent / "shared").is_dir():
        (home / "shared").symlink_to(ROOT.parent / "shared")
    return tree


def test_every_rule_stands_where_its_mutant_looks_and_its_test_is_there():
    """13: cheap enough for every run; `script/test --sabotage` turns them off in earnest."""
    assert len({mutant.name for mutant in EVERY}) == len(EVERY)
    for mutant in EVERY:
        whole = (ROOT / mutant.file).read_text(encoding="utf-8")
        assert whole.count(mutant.rule) == 1, (
            f"{mutant.name}: {mutant.file} holds the rule {whole.count(mutant.rule)} times"
        )
        assert mutant.rule != mutant.instead, mutant.name
        file, _, test = mutant.test.partition("::")
        named = test.rpartition("::")[2].partition("[")[0]
        assert (ROOT / file).is_file(), mutant.test
        assert named in (ROOT / file).read_text(encoding="utf-8"), mutant.test


@pytest.mark.sabotage
@pytest.mark.parametrize("mutant", EVERY, ids=lambda mutant: mutant.name)
def test_a_rule_turned_off_is_noticed(copy, mutant: Mutant):
    """13: the capability's own test is red without its rule."""
    file = copy / mutant.file
    whole = file.read_text(encoding="utf-8")
    assert whole.count(mutant.rule) == 1, f"{mutant.file} holds the rule {whole.count(mutant.rule)} times"
    file.write_text(whole.replace(mutant.rule, mutant.instead), encoding="utf-8")
    try:
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", mutant.test]
        # What a mutant runs through is not covered by the suite, so its processes are not measured.
        unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
        environment = unmeasured | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=240, check=False
        )
    finally:
        file.write_text(whole, encoding="utf-8")
    assert done.returncode == 1, (
        f"{mutant.test} is not red without the rule:\n{done.stdout[-2000:]}{done.stderr[-500:]}"
    )
    assert " failed" in done.stdout, done.stdout[-2000:]
