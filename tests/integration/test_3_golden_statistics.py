"""Capability 3: the worked cases of attribution (G11) and of comparing sources (G09), through import and CLI."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from tests.command_line import CommandLine

GOLDEN = Path(__file__).parents[1] / "golden"
Load = Callable[[Path], CommandLine]


@pytest.fixture
def load(migrated_sqlite_url: str, tmp_path: Path) -> Load:
    def load_(folder: Path) -> CommandLine:
        hireboard = CommandLine(migrated_sqlite_url, tmp_path / "data")
        result = hireboard.json("import", "table", folder, "--mapping", folder / "mapping.yml")
        assert result["quarantined"] == 0, result
        assert hireboard.run("mart", "build")[0] == 0
        return hireboard

    return load_


def test_g11_split_by_time_held_over_a_clock_change_and_a_hold(load: Load) -> None:
    hireboard = load(GOLDEN / "g11")
    rows = hireboard.rows("hires", "--by", "recruiter", "--attribution", "split")
    found = {row["recruiter"]: row["value"] for row in rows}
    assert found == pytest.approx({"Rita": 1.090943, "Omar": 0.575723, "Lea": 0.333333}, abs=1e-6)
    assert sum(Fraction(row["numerator"], row["denominator"]) for row in rows) == 2
    by_requisition = hireboard.rows("hires", "--by", "recruiter", "--by", "requisition", "--attribution", "split")
    x1 = {row["recruiter"]: row["value"] for row in by_requisition if row["requisition"] == "Q1"}
    assert x1 == pytest.approx({"Rita": 0.757610, "Omar": 0.242390}, abs=1e-6)
    for model in ("primary", "handover"):
        owners = hireboard.rows("hires", "--by", "recruiter", "--attribution", model)
        assert {row["recruiter"]: row["value"] for row in owners} == {"Omar": 1, "Lea": 1}
    status, _, errors = hireboard.run("metrics", "query", "hires", "--attribution", "fair")
    assert status != 0
    assert "--attribution takes primary, split, handover" in errors


@pytest.fixture
def g09(tmp_path: Path) -> Path:
    """One row an application, from the counts of the case."""
    folder = tmp_path / "g09"
    shutil.copytree(GOLDEN / "g09", folder)
    with (folder / "sources.csv").open(encoding="utf-8") as file:
        counts = list(csv.DictReader(file))
    with (folder / "applications.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["application", "job_family", "source", "outcome", "ended"])
        for number, row in enumerate(counts):
            for key in range(int(row["matured_applications"])):
                end = ("hired", "2026-02-04") if key < int(row["hires"]) else ("rejected", "2026-01-25")
                writer.writerow([f"{number}-{key}", row["job_family"], row["source"], *end])
    return folder


def test_g09_a_simpson_case_shows_both_differences(load: Load, g09: Path) -> None:
    hireboard = load(g09)
    as_of = ("--as-of", "2026-06-30T00:00Z")
    found = hireboard.json("metrics", "compare", "referral", "agency", *as_of)
    assert found["pooled"] == {"successes": 42, "cases": 120, "reference_successes": 24, "reference_cases": 120}
    assert found["p"] == pytest.approx(0.013648, abs=1e-6)
    within = found["stratified"]
    assert (within["pooled"], within["difference"]) == pytest.approx((0.15, -0.05), abs=1e-6)
    assert within["standard_error"] == pytest.approx(0.071676, abs=1e-6)
    assert (within["low"], within["high"]) == pytest.approx((-0.190483, 0.090483), abs=1e-6)
    assert within["odds_ratio"] == pytest.approx(0.753086, abs=1e-6)
    assert (within["chi_squared"], within["p"]) == pytest.approx((0.455067, 0.499939), abs=1e-6)
    assert {row["job_family"]: row["cases"] for row in found["strata"]} == {"Engineering": 100, "Sales": 20}
    status, words, _ = hireboard.run("metrics", "compare", "referral", "agency", *as_of)
    assert status == 0
    assert words.splitlines() == [
        "referral 42 of 120, agency 24 of 120",
        "pooled difference +0.1500",
        "within job_family -0.0500  (95 % -0.1905 to +0.0905)",
    ]
    # a month later than the applications their 120 days are not over: nothing is matured
    early = hireboard.json("metrics", "compare", "referral", "agency", "--as-of", "2026-02-28T00:00Z")
    assert (early["stratified"], early["p"]) == (None, None)
    status, _, errors = hireboard.run("metrics", "compare", "referral", "agency", "--metric", "source_conversion")
    assert status != 0
    assert "cannot be compared by cases" in errors
