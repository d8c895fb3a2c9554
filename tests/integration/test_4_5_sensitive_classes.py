"""4.5 and 3.6: who sees diversity and pay, at what k, and one refusal for everybody else, by every way of asking."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import CommandLine

YEAR = ("--from", "2025-01-01", "--to", "2025-12-31")
METRICS = (
    "representation",
    "adverse_impact_ratio",
    "demographic_completeness",
    "offer_salary",
    "offer_position_in_range",
)
DIVERSITY = METRICS[:3]
PAY = METRICS[3:]
MAY = {
    "executive": DIVERSITY,
    "dei_officer": DIVERSITY,
    "hrbp": METRICS,
    "hiring_manager": (),
    "recruiter": (),
    "recruiting_manager": (),
    "compliance": (),
    "admin": (),
}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path) -> CommandLine:
    """The demonstration company with its mart."""
    folder = tmp_path_factory.mktemp("sensitive")
    file = folder / "hireboard.sqlite"
    file.write_bytes(_sqlite_template.read_bytes())
    hireboard = CommandLine(f"sqlite:///{file}", folder)
    for step in (("demo", "load", "--applications", "4000", "--seed", "3"), ("mart", "build")):
        status, _, errors = hireboard.run(*step)
        assert status == 0, errors
    return hireboard


def ask(company: CommandLine, *arguments: str) -> tuple[int, str, str]:
    return company.run("metrics", "query", *arguments)


@pytest.mark.parametrize("role", MAY)
def test_4_5_only_roles_with_the_class_get_an_answer(company: CommandLine, role: str) -> None:
    for metric in METRICS:
        status, output, errors = ask(company, metric, *YEAR, "--as", role, "--json")
        if metric in MAY[role]:
            assert status == 0, errors
        else:
            assert (status, output) == (1, "")
            assert "Your role does not include" in errors


@pytest.mark.parametrize("metric", METRICS)
def test_4_5_the_refusal_is_the_same_however_it_is_asked(company: CommandLine, metric: str) -> None:
    plain = ask(company, metric, *YEAR, "--as", "recruiter")
    assert plain[0] == 1
    for more in (("--json",), ("--csv",), ("--by", "geography"), ("--where", "geography=EMEA"), ("--by", "nonsense")):
        assert ask(company, metric, *YEAR, "--as", "recruiter", *more) == plain
    # nor beside a metric that may be seen
    assert ask(company, "applications", metric, *YEAR, "--as", "recruiter") == plain


def test_4_5_nobody_but_the_operator_gets_them_without_the_rule(company: CommandLine) -> None:
    for role in ("dei_officer", "hrbp", "executive"):
        status, output, _ = ask(company, "representation", "--by", "group", *YEAR, "--raw", "--as", role)
        assert (status, output) == (1, "")
    assert company.rows("representation", "--by", "group", *YEAR, "--raw")


def test_4_5_other_metrics_are_not_split_by_what_people_said_of_themselves(company: CommandLine) -> None:
    for dimension in ("group", "question", "currency"):
        status, output, errors = ask(company, "hires", "--by", dimension)
        assert (status, output) == (1, "")
        assert f"hires cannot be split or filtered by {dimension}" in errors


def cells(company: CommandLine, *arguments: str) -> dict[tuple[Any, ...], Any]:
    split = ("--by", "question", "--by", "group", "--by", "canonical_stage")
    rows = company.rows("representation", *split, *arguments)
    return {(row["question"], row["group"], row["canonical_stage"]): row for row in rows}


@pytest.mark.parametrize(("role", "k"), [("dei_officer", 5), ("executive", 10)])
def test_4_5_k_is_5_in_hr_and_10_outside(company: CommandLine, role: str, k: int) -> None:
    quarter = ("--from", "2025-04-01", "--to", "2025-06-30")
    exact, shown = cells(company, *quarter, "--raw"), cells(company, *quarter, "--as", role)
    numbers = {key: row["numerator"] for key, row in shown.items() if row["numerator"] is not None}
    assert numbers
    assert all(number >= k and number == exact[key]["numerator"] for key, number in numbers.items())
    hidden = {key for key in shown if key not in numbers}
    assert any(0 < exact[key]["numerator"] < k for key in hidden if key in exact)
    for key in hidden:
        row = shown[key]
        assert (row["value"], row["reason"], row["n"], row["denominator"]) == (None, "hidden", 0, None)
        assert row["extra"] == {}


def test_4_5_executives_see_less_than_hr_and_nothing_else(company: CommandLine) -> None:
    hr, outside = (cells(company, *YEAR, "--as", role) for role in ("dei_officer", "executive"))
    shown = [{key for key, row in rows.items() if row["numerator"] is not None} for rows in (hr, outside)]
    assert shown[1] < shown[0]


def test_4_5_csv_and_json_hold_the_same(company: CommandLine) -> None:
    asked = ("representation", "--by", "group", *YEAR, "--as", "executive")
    rows = company.rows(*asked)
    table = list(csv.DictReader(io.StringIO(ask(company, *asked, "--csv")[1])))
    assert [(line["group"], line["numerator"], line["reason"]) for line in table] == [
        (row["group"], "" if row["numerator"] is None else str(row["numerator"]), row["reason"] or "") for row in rows
    ]


def test_3_6_pay_is_of_the_region_that_was_granted(company: CommandLine) -> None:
    everywhere = {row["geography"]: row for row in company.rows("offer_position_in_range", "--by", "geography", *YEAR)}
    hanas = {
        row["geography"]: row
        for row in company.rows("offer_position_in_range", "--by", "geography", *YEAR, "--as", "hrbp")
    }
    assert set(hanas) == {"EMEA"} < set(everywhere)
    assert hanas["EMEA"]["n"] == everywhere["EMEA"]["n"] > 0


def test_3_6_pay_of_fewer_than_ten_is_hidden_and_cannot_be_subtracted(company: CommandLine) -> None:
    asked = ("offer_position_in_range", "--by", "job_family", *YEAR)
    exact = {row["job_family"]: row["n"] for row in company.rows(*asked, "--raw")}
    shown = {row["job_family"]: row for row in company.rows(*asked)}
    hidden = {name for name, row in shown.items() if row["value"] is None}
    assert {name for name, n in exact.items() if n < 10} <= hidden
    assert sum(exact[name] for name in hidden) >= 10 or not hidden
    for name in hidden:
        assert (shown[name]["reason"], shown[name]["n"], shown[name]["p25"]) == ("hidden", 0, None)
        alone = company.row("offer_position_in_range", "--where", f"job_family={name}", *YEAR)
        assert (alone["value"], alone["reason"]) == (None, "hidden")


def test_3_6_currencies_are_never_mixed_and_no_mean_is_given(company: CommandLine) -> None:
    mixed = company.row("offer_salary", *YEAR, "--raw")
    assert (mixed["value"], mixed["reason"]) == (None, "no_comparison")
    rows = [row for row in company.rows("offer_salary", "--by", "currency", *YEAR) if row["value"] is not None]
    assert rows
    assert all(row["value"] % 100 == 0 and "mean" not in row["extra"] for row in rows)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("representation", "--by", "group", "--from", "2025-02-01", "--to", "2025-06-30"), "whole quarters"),
        (("representation", "--by", "group", "--by", "month"), "cannot be split or filtered by month"),
        (
            ("representation", "--by", "group", "--where", "job_family=Sales"),
            "cannot be split or filtered by job_family",
        ),
        (("representation", "--by", "group", "--by", "top_department", "--by", "geography"), "not by both"),
        (("representation", "--by", "geography", "--from", "2025-01-01", "--to", "2025-03-31"), "whole half years"),
        (("representation", "--by", "group", "--to", "2026-12-31"), "that are over"),
        (("representation", "--by", "group", "--where", "department=Platform"), "filtered by department"),
        (("offer_salary", "--by", "job_family", "--by", "geography"), "one of job_family"),
        (("offer_salary", "--from", "2025-01-01", "--to", "2025-06-30"), "one calendar year"),
        (("offer_salary", "--by", "quarter"), "cannot be split or filtered by quarter"),
        (("representation", "--by", "geography", "--by", "quarter"), "not by place"),
    ],
)
def test_4_5_what_is_not_of_the_grid_is_refused_with_what_is(
    company: CommandLine, arguments: tuple[str, ...], words: str
) -> None:
    status, output, errors = ask(company, *arguments)
    assert (status, output) == (1, "")
    assert words in errors
