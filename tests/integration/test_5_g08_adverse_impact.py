"""G08 through import and command line: two-question ethnicity, tiny groups, declined; the small-n rule off and on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.command_line import CommandLine

CASE = Path(__file__).parents[1] / "golden" / "g08"
RATE = 1e-6
EXPECTED = {
    "white": ((60, 200), 0.923077, 0.850839, -0.313741, 0.8333, 1.016667, "none"),
    "black": ((9, 60), 0.461538, 0.049759, -2.069593, 4.2000, 0.555556, "both"),
    "hispanic": ((8, 40), 0.615385, 0.309510, -1.270514, 2.5000, 0.750000, "ratio only"),
    "two_or_more": ((3, 8), 1.153846, 1.000000, 0.273861, -0.3333, 1.666667, "insufficient evidence"),
}


@pytest.fixture(scope="module")
def hireboard(tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path) -> CommandLine:
    folder = tmp_path_factory.mktemp("g08")
    store = folder / "hireboard.sqlite"
    store.write_bytes(_sqlite_template.read_bytes())
    hireboard = CommandLine(f"sqlite:///{store}", folder / "data")
    result = hireboard.json("import", "table", CASE, "--mapping", CASE / "mapping.yml")
    assert result["quarantined"] == 0, result
    assert hireboard.run("mart", "build")[0] == 0
    return hireboard


def by_group(hireboard: CommandLine, *arguments: str) -> dict[str, Any]:
    rows = hireboard.rows("adverse_impact_ratio", "--by", "group", *arguments)
    return {row["group"]: row for row in rows}


def test_5_g08_every_group_against_asian(hireboard: CommandLine) -> None:
    rows = by_group(hireboard, "--raw")
    for group, ((selected, considered), ratio, p, z, shortfall, moved, verdict) in EXPECTED.items():
        row = rows[group]
        assert (row["numerator"], row["denominator"]) == (selected, considered)
        extra = row["extra"]
        assert (row["value"], extra["fisher_p"], extra["z"]) == pytest.approx((ratio, p, z), abs=RATE)
        assert (extra["shortfall"], extra["moved"]) == pytest.approx((shortfall, moved), abs=1e-4)
        assert row["note"].startswith(f"{verdict}; reference asian"), row["note"]
    assert rows["asian"]["value"] == 1.0
    assert rows["asian"]["extra"]["rate"] == pytest.approx(0.325)
    assert rows["white"]["note"].endswith("highest of all pacific_islander")


def test_5_g08_who_disclosed_and_who_is_only_listed(hireboard: CommandLine) -> None:
    rows = by_group(hireboard, "--raw")
    extra = rows["white"]["extra"]
    assert (extra["disclosed"], extra["all_considered"], extra["asked"], extra["declined"]) == (351, 411, 386, 35)
    assert extra["disclosure_rate"] == pytest.approx(0.854015, abs=RATE)
    assert extra["asked_rate"] == pytest.approx(0.939173, abs=RATE)
    islander = rows["pacific_islander"]
    assert (islander["value"], islander["reason"], islander["numerator"]) == (None, "no_comparison", 2)
    assert islander["note"] == "under 2 % of the disclosed: listed, not compared"


def test_5_g08_at_k_5_the_small_groups_are_hidden_and_cannot_be_worked_out(hireboard: CommandLine) -> None:
    rows = by_group(hireboard)
    hidden = {group for group, row in rows.items() if row["reason"] == "hidden"}
    assert hidden == {"pacific_islander", "two_or_more"}
    for group in hidden:
        row = rows[group]
        assert (row["value"], row["n"], row["numerator"], row["denominator"], row["extra"]) == (None, 0, None, None, {})
    assert all("disclosed" not in row["extra"] and "declined" not in row["extra"] for row in rows.values())
    for group in ("white", "black", "hispanic"):
        (selected, considered), ratio, *_, verdict = EXPECTED[group]
        row = rows[group]
        assert (row["numerator"], row["denominator"]) == (selected, considered)
        assert row["value"] == pytest.approx(ratio, abs=RATE)
        assert row["note"] == f"{verdict}; reference asian"


def test_5_g08_one_figure_is_the_lowest_ratio(hireboard: CommandLine) -> None:
    row = hireboard.row("adverse_impact_ratio")
    assert row["value"] == pytest.approx(0.461538, abs=RATE)
    assert (row["numerator"], row["denominator"]) == (9, 60)


def test_5_g08_representation_of_the_applicants(hireboard: CommandLine) -> None:
    asked = ("--by", "group", "--where", "canonical_stage=applied")
    exact = {row["group"]: row for row in hireboard.rows("representation", *asked, "--raw")}
    # those who withdrew later had applied too
    assert (exact["white"]["numerator"], exact["white"]["denominator"]) == (215, 378)
    assert sum(row["numerator"] for row in exact.values()) == 378
    shown = {row["group"]: row for row in hireboard.rows("representation", *asked)}
    assert (shown["pacific_islander"]["value"], shown["pacific_islander"]["reason"]) == (None, "hidden")
    white = shown["white"]
    assert (white["numerator"], white["denominator"]) == (215, None)
    assert white["extra"]["bound_low"] <= exact["white"]["value"] <= white["extra"]["bound_high"]
    completeness = hireboard.row("demographic_completeness", "--where", "canonical_stage=applied", "--raw")
    assert (completeness["numerator"], completeness["denominator"]) == (415, 442)
    assert completeness["extra"]["declined"] == 37
