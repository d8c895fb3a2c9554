"""Capability 5: the worked cases, by hand in exact fractions, through import, mart and command line.

Each is asked twice: with the small-n rule off, and with it on, when rates and medians of few disappear and counts stay.
"""

from __future__ import annotations

import copy
import functools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.mart.engines.choosing import publish
from services.mart.snapshots import SnapshotFolder
from tests.command_line import CommandLine
from tests.engine_scenes import ENGINES, new_engine

GOLDEN = Path(__file__).parents[1] / "golden"
RATE, DAYS = 1e-6, 1e-4
Load = Callable[[str], CommandLine]


@pytest.fixture(scope="module")
def imported(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Load:
    """A case in a store with a snapshot; each is imported once, whatever engines are asked."""

    @functools.cache
    def import_(case: str) -> CommandLine:
        data = tmp_path_factory.mktemp(case)
        shutil.copyfile(_sqlite_template, data / "hireboard.sqlite")
        hireboard = CommandLine(f"sqlite:///{data / 'hireboard.sqlite'}", data)
        folder = GOLDEN / case
        result = hireboard.json("import", "table", folder, "--mapping", folder / "mapping.yml")
        assert result["quarantined"] == 0, result
        assert hireboard.run("mart", "build")[0] == 0
        return hireboard

    return import_


@pytest.fixture(params=["duckdb", *ENGINES])
def load(request: pytest.FixtureRequest, imported: Load) -> Load:
    """A case as each engine answers it."""

    def load_(case: str) -> CommandLine:
        hireboard = copy.deepcopy(imported(case))
        if request.param != "duckdb":
            url = new_engine(request)(request.param)
            folder = SnapshotFolder(Path(hireboard.settings["HIREBOARD_DATA_DIR"]) / "mart")
            (manifest,) = folder.manifests()
            publish(url, folder, manifest)
            hireboard.settings["HIREBOARD_MART_URL"] = url
        return hireboard

    return load_


def raw(hireboard: CommandLine, metric: str, *arguments: str) -> dict[str, Any]:
    return hireboard.row(metric, "--raw", *arguments)


def test_5_g01_seats_with_overlapping_hold_and_freeze(load: Load) -> None:
    hireboard = load("g01")
    as_of = ("--as-of", "2026-03-02T00:00Z")
    row = raw(hireboard, "time_to_fill", *as_of)
    assert (row["n"], row["events"]) == (8, 5)
    assert (row["p25"], row["value"], row["p75"]) == (15.0, 30.5, 45.0)
    assert (row["extra"]["gross"], row["naive"]) == (35.0, 20.5)
    assert row["extra"]["hold_days_mean"] == pytest.approx((9.5 + 9.5 + 4.5 + 11) / 8, abs=DAYS)
    assert raw(hireboard, "time_to_fill_gross", *as_of)["value"] == 35.0
    assert raw(hireboard, "time_to_fill_filled", *as_of)["value"] == 20.5
    by_requisition = {
        row["requisition"]: row for row in hireboard.rows("time_to_fill", "--raw", "--by", "requisition", *as_of)
    }
    nets = {name: (row["value"], row["note"]) for name, row in by_requisition.items()}
    assert nets == {
        "R1": (20.5, None),
        "R2": (10.0, None),
        "R3": (None, "> 30"),
        "R4": (30.5, None),
        "R5": (None, "> 30"),
        "R6": (15.0, None),
        "R7": (45.0, None),
    }
    assert raw(hireboard, "open_requisitions", *as_of)["value"] == 1
    ages = hireboard.rows("requisition_age", "--by", "requisition", *as_of)
    assert [(row["requisition"], row["value"]) for row in ages] == [("R1", 50.5)]
    shown = hireboard.row("time_to_fill", *as_of)
    assert (shown["value"], shown["reason"], shown["n"], shown["events"]) == (None, "too_few", 8, 5)


def test_5_g02_data_begin_half_way(load: Load) -> None:
    hireboard = load("g02")
    row = raw(hireboard, "time_to_fill", "--as-of", "2026-07-01T00:00Z")
    assert (row["n"], row["events"], row["value"], row["naive"]) == (11, 7, 70.0, 35.0)


def test_5_g03_curve_conventions(load: Load) -> None:
    row = stage_row(load("g03"))
    assert (row["n"], row["events"]) == (8, 6)
    assert (row["p25"], row["value"], row["p75"]) == (5.0, 8.0, 20.0)
    assert (row["low"], row["high"]) == (3.0, 20.0)
    assert row["extra"]["still_after_7"] == pytest.approx(0.75, abs=RATE)
    assert row["extra"]["still_after_14"] == pytest.approx(0.45, abs=RATE)


def test_5_g03_even_n(load: Load) -> None:
    row = stage_row(load("g03_even"))
    assert (row["value"], row["naive"]) == (2.0, 2.5)


def test_5_g03_not_reached(load: Load) -> None:
    row = stage_row(load("g03_not_reached"))
    assert (row["value"], row["reason"], row["note"]) == (None, "not_reached", "> 9")
    assert row["p25"] == 6.0


def stage_row(hireboard: CommandLine) -> dict[str, Any]:
    return raw(hireboard, "time_in_stage", "--as-of", "2026-03-31T00:00Z")


def test_5_g04_competing_exits(load: Load) -> None:
    hireboard = load("g04")
    as_of = ("--as-of", "2026-04-30T00:00Z")
    transition = ("--where", "transition=screen to interview")
    row = raw(hireboard, "pass_through_rate", *transition, *as_of)
    assert (row["n"], row["events"], row["note"]) == (12, 4, "by day 28")
    assert row["value"] == pytest.approx(59 / 144, abs=RATE)
    extra = row["extra"]
    ways = [extra[name] for name in ("by_rejected", "by_withdrawn", "by_position_filled", "still_there")]
    assert ways == pytest.approx([0.263889, 0.083333, 0.097222, 0.145833], abs=RATE)
    assert row["value"] + sum(ways) == pytest.approx(1, abs=1e-9)
    assert extra["so_far"] == pytest.approx(4 / 12, abs=RATE)
    assert row["naive"] == extra["resolved_only"] == pytest.approx(4 / 9, abs=RATE)
    assert raw(hireboard, "pass_through_rate_snapshot", *transition, *as_of)["value"] == pytest.approx(4 / 12)
    assert raw(hireboard, "pass_through_rate_resolved", *transition, *as_of)["value"] == pytest.approx(4 / 9)
    shown = hireboard.row("pass_through_rate", *transition, *as_of)
    assert (shown["n"], shown["note"]) == (12, "by day 12")


def test_5_g05_drop_off_by_the_last_visit_and_the_mapped_reason(load: Load) -> None:
    hireboard = load("g05")
    (row,) = hireboard.rows("drop_off_rate", "--raw", "--by", "canonical_stage", "--where", "canonical_stage=screen")
    assert (row["numerator"], row["denominator"]) == (4, 10)
    assert row["value"] == pytest.approx(0.4, abs=RATE)
    assert (row["low"], row["high"]) == pytest.approx((0.168180, 0.687326), abs=RATE)
    counted = {name: row["extra"][name] for name in ("advanced", "rejected", "dropped", "unknown", "transferred")}
    assert counted == {"advanced": 3, "rejected": 3, "dropped": 4, "unknown": 1, "transferred": 1}
    bounds = (row["extra"]["bound_low"], row["extra"]["bound_high"])
    assert bounds == pytest.approx((4 / 11, 5 / 11), abs=RATE)
    (open_ones,) = hireboard.rows("open_applications", "--by", "canonical_stage", "--where", "canonical_stage=screen")
    assert open_ones["value"] == 1


def test_5_g06_offers_are_one_chain(load: Load) -> None:
    hireboard = load("g06")
    quarter = ("--from", "2026-01-01", "--to", "2026-03-31", "--as-of", "2026-04-30T00:00Z")
    row = raw(hireboard, "offer_acceptance_rate", *quarter)
    assert (row["numerator"], row["denominator"]) == (6, 9)
    assert row["value"] == pytest.approx(6 / 9, abs=RATE)
    names = ("accepted", "declined", "expired", "candidate_withdrew", "pending", "rescinded", "rescinded_after")
    assert [row["extra"][name] for name in names] == [6, 1, 1, 1, 1, 1, 1]
    assert raw(hireboard, "offer_renege_rate", *quarter)["value"] == pytest.approx(1 / 6, abs=RATE)
    assert raw(hireboard, "offer_rescission_rate", *quarter)["value"] == pytest.approx(1 / 6, abs=RATE)
    second = ("--from", "2026-04-01", "--to", "2026-06-30", "--as-of", "2026-04-30T00:00Z")
    later = raw(hireboard, "offer_acceptance_rate", *second)
    assert (later["value"], later["reason"], later["n"]) == (None, "no_data", 0)
    shown = hireboard.row("offer_acceptance_rate", *quarter)
    assert (shown["value"], shown["reason"], shown["n"]) == (None, "too_few", 9)
    assert shown["extra"]["accepted"] == 6
    # the second offer's acceptance makes the hire; the renege and the later rescission unmake two of six
    assert hireboard.row("hires", "--as-of", "2026-04-30T00:00Z")["value"] == 4


def test_5_g07_feedback_in_business_time(load: Load) -> None:
    hireboard = load("g07")
    as_of = ("--as-of", "2026-04-10T17:00+02:00")
    row = raw(hireboard, "feedback_turnaround", *as_of)
    assert (row["n"], row["events"], row["value"], row["naive"]) == (7, 6, 8.0, 6.0)
    assert (row["extra"]["business_days"], row["extra"]["before_end"], row["extra"]["missing"]) == (1.0, 1, 1)
    late = raw(hireboard, "feedback_late_rate", *as_of)
    assert (late["numerator"], late["denominator"]) == (2, 7)
    assert late["value"] == pytest.approx(2 / 7, abs=RATE)
    by_role = hireboard.rows("feedback_turnaround", "--raw", "--by", "requisition", *as_of)
    hours = {row["requisition"]: row["value"] for row in by_role}
    assert hours == pytest.approx({"R1": 8.0, "R2": 0.0, "R3": 4.0, "R4": 16.0167}, abs=DAYS)
    roles = raw(hireboard, "roles_with_late_feedback", *as_of)
    assert (roles["numerator"], roles["denominator"], roles["extra"]["breach"]) == (1, 4, 0)
    shown = hireboard.row("roles_with_late_feedback", *as_of)
    assert (shown["value"], shown["n"], shown["extra"]["too_few"]) == (None, 0, 4)
    assert hireboard.row("feedback_turnaround", *as_of)["reason"] == "too_few"


def test_5_g10_leaving_in_the_first_year_by_competing_causes(load: Load) -> None:
    hireboard = load("g10")
    as_of = ("--as-of", "2025-03-03T00:00Z")
    row = raw(hireboard, "first_year_attrition", *as_of)
    assert (row["n"], row["events"]) == (10, 5)
    causes = [row["extra"][name] for name in ("voluntary", "involuntary", "fixed_term_ended", "unknown_cause")]
    assert causes == pytest.approx([0.351429, 0.1, 0.137143, 0], abs=RATE)
    assert row["value"] == pytest.approx(0.451429, abs=RATE) == causes[0] + causes[1]
    shown = hireboard.row("first_year_attrition", *as_of)
    # just enough people and exits; the curve ends where fewer than five would be at risk
    assert (shown["n"], shown["events"], shown["note"]) == (10, 5, "by day 300")
    cohort = ("--to", "2024-06-30", *as_of)
    hidden = hireboard.row("first_year_attrition", *cohort)
    assert (hidden["value"], hidden["reason"], hidden["n"], hidden["extra"]["left"]) == (None, "too_few", 9, 5)
    assert hireboard.row("starts", *as_of)["value"] == 10


def test_5_g12_quality_of_hire_keeps_its_leaver(load: Load) -> None:
    hireboard = load("g12")
    as_of = ("--as-of", "2026-08-01T00:00Z")
    row = raw(hireboard, "quality_of_hire_90", *as_of)
    assert row["n"] == 5
    assert row["value"] == pytest.approx(55.0193, abs=DAYS)
    assert row["extra"]["without_leavers"] == pytest.approx(66.6908, abs=DAYS)
    counted = {name: row["extra"][name] for name in ("leavers", "with_performance", "with_ramp", "with_satisfaction")}
    assert counted == {"leavers": 1, "with_performance": 4, "with_ramp": 5, "with_satisfaction": 5}
    by_hire = hireboard.rows("quality_of_hire_90", "--raw", "--by", "requisition", *as_of)
    indexes = {row["requisition"]: row["value"] for row in by_hire}
    assert indexes == pytest.approx(
        {"y1": 68.8284, "y2": 89.6966, "y3": 43.8284, "y4": 64.4097, "y5": 8.3333}, abs=DAYS
    )
    performance = [row["extra"]["performance"] for row in by_hire]
    assert performance[:4] == pytest.approx([34.5710, 90.9082, 34.5710, 23.5243], abs=DAYS)
    assert performance[4] is None
    early = raw(hireboard, "early_performance", *as_of)
    assert (early["n"], early["extra"]["not_rated"]) == (4, 1)
    shown = hireboard.row("quality_of_hire_90", *as_of)
    assert (shown["value"], shown["reason"], shown["naive"]) == (None, "too_few", None)
    assert (shown["n"], shown["extra"]["with_performance"]) == (5, 4)
    managers = raw(hireboard, "hiring_manager_satisfaction", "--as-of", "2026-08-01T00:00Z")
    assert (managers["value"], managers["reason"]) == (None, "no_data")  # nobody accepted: no hire date
