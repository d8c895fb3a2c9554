"""1.1, 1.2, 1.5 and 1.6 on the command line, on a real snapshot of the demonstration company."""

from __future__ import annotations

import pytest

from dashapp.commands import demo, mart
from dashapp.config import load_settings
from tests.command_line import CommandLine
from tests.http.product import UNTIL


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    folder = tmp_path_factory.mktemp("company")
    settings = load_settings({}, data_dir=folder)
    demo._load(settings, 3000, 1, UNTIL)
    mart.build(settings)
    return CommandLine(settings.database_url, folder)


def test_1_1_a_profile_is_set_shown_and_makes_an_index(line: CommandLine) -> None:
    assert line.json("profiles", "list") == {"profiles": []}
    weights = ("--weight", "feedback_turnaround=0.6", "--weight", "offer_acceptance_rate=0.4")
    about = ("--owner", "Ron", "--reason", "Growth", "--review", "2099-01-01")
    first = line.json("profiles", "set", "--first", "time", *weights, *about, "--from", "2020-01-01")
    assert first == {"version": 1}
    assert line.run("profiles", "set", "--first", "time", *about, "--from", "2020-01-01")[0] == 1
    family = ("--job-family", "Finance")
    line.json("profiles", "set", *family, "--first", "quality", *about, "--expect-version", "0")
    assert [one["first"] for one in line.json("profiles", "list")["profiles"]] == ["time", "quality"]
    number = line.json("profiles", "expect", "--who", "Eva", "--what", "Faster feedback")["expectation"]
    assert line.run("profiles", "met", str(number), "yes")[0] == 0
    [expected] = line.json("profiles", "show")["expectations"]
    assert (expected["who"], expected["is_met"]) == ("Eva", True)
    months = [line.json("profiles", "index", "--period", f"{UNTIL.year}-{month:02d}") for month in range(4, 8)]
    assert {part["weight"] for part in months[0]["parts"]} == {0.6, 0.4}
    for month in months:
        scores = [part for part in month["parts"] if part["score"] is not None]
        total = sum(part["weight"] * part["score"] for part in scores)
        known = sum(part["weight"] for part in scores)
        assert month["value"] == (pytest.approx(total / known) if known > 0.59 else None)
    assert line.run("profiles", "index", "--period", "2026-Q1")[0] == 1


def test_1_1_the_suggestion_names_its_rule_and_switches_nothing(line: CommandLine) -> None:
    before = line.json("profiles", "list")
    found = line.json("profiles", "suggest")
    assert "> 1.25" in found["rule"]
    assert found["first"] in {None, "time", "quality"}
    assert line.json("profiles", "list") == before
    assert line.run("profiles", "suggest", "--as", "executive")[0] == 0


def test_1_2_templates_by_command(line: CommandLine) -> None:
    assert [one["version"] for one in line.json("templates", "list")["templates"]] == [0]
    line.json("templates", "set", "--department", "Finance", "--name", "Money", "--metric", "hires")
    found = line.json("templates", "why", "--department", "Accounting")
    assert found["template"] == "Money"
    assert "department Finance has its own" in found["why"]
    roles = line.json("templates", "coverage", "--as", "executive")["roles"]
    assert {one["template"] for one in roles if one["department"] == "Accounting"} == {"Money"}
    assert {one["template"] for one in roles if one["department"] == "Data"} == {"Standard"}
    assert len(line.json("templates", "coverage", "--as", "recruiter")["roles"]) < len(roles)
    differs = line.json("templates", "differs")
    assert {one["role"] for one in differs["findings"] if one["differs"]} == set(differs["roles"])
    assert all(min(one["n"], one["n_rest"]) >= 30 for one in differs["findings"])
    assert line.json("templates", "show", "--department", "Finance")["name"] == "Money"
    assert line.run("templates", "end", "--department", "Finance")[0] == 0
    assert line.run("templates", "show", "--department", "Finance")[0] == 1
    assert line.run("templates", "set", "--name", "x", "--metric", "hires", "--as", "recruiter")[0] == 1


def test_1_6_a_capacity_plan_by_command(line: CommandLine) -> None:
    caps = ("--hours-per-candidate", "5", "--screens-per-recruiter", "15", "--target", "offer to hired=0.8")
    line.json("capacity", "set", *caps)
    line.json("capacity", "set", "--department", "Data", "--interviewer-hours", "40", "--recruiters", "2")
    shown = line.json("capacity", "show", "--department", "Data")
    assert (shown["interviewer_hours"], shown["screens_per_recruiter"]) == (40, 15)
    plan = line.json("capacity", "plan", "--hires", "6", "--weeks", "12", "--department", "Data")
    rates = plan["rates"]
    assert [one["stage"] for one in plan["needs"]] == [one["transition"].split(" to ")[0] for one in rates]
    product = 1.0
    for rate in reversed(rates):
        product *= rate["reached"] / rate["n"]
    assert plan["needs"][0]["expected"] == pytest.approx(6 / product / 12)
    assert [one["what"] for one in plan["checks"]] == ["interviewer hours", "screens by recruiters"]
    assert all(one["n"] >= 20 for one in rates)
    assert any(one["pooled_from"] == "department Data" for one in rates)
    assert line.run("capacity", "plan", "--hires", "0", "--weeks", "1")[0] == 1
    assert line.run("capacity", "plan", "--hires", "1", "--weeks", "1", "--from", "2026-01-01")[0] == 2


def test_1_5_goals_and_the_floor_by_command(line: CommandLine) -> None:
    goal = ("--department", "Finance", "--country", "US", "--stage", "applied", "--question", "gender")
    more = ("--group", "woman", "--share", "0.4", "--until", "2099-01-01", "--reason", "A wider pool")
    assert line.run("goals", "set", *goal, *more)[0] == 1
    packs = line.json("goals", "country", "US", "--asks", "--goal", "applied")["countries"]
    assert packs == {"US": {"asks": True, "goals": ["applied"], "decisions": False}}
    line.json("goals", "set", *goal, *more, "--as", "dei_officer")
    [shown] = line.json("goals", "list", "--as", "dei_officer")["goals"]
    assert (shown["share"], shown["value"] is None) == (0.4, shown["why_no_value"] is not None)
    assert line.run("goals", "list", "--as", "recruiter")[0] == 1
    assert line.json("goals", "floor") == {"mode": "off", "shares": {}, "version": 0}
    assert line.row("hires")["note"] is None
    line.json("goals", "floor", "--mode", "warn", "--hired", "1")
    assert line.row("hires")["note"] == "incomplete: under 100% asked about themselves at hire"
    assert line.row("applications")["note"] is None
    assert line.run("goals", "end", str(shown["id"]))[0] == 0
    assert line.json("goals", "list", "--as", "dei_officer") == {"goals": []}
