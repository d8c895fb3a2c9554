"""1.3 on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import CommandLine

KIND = "hiring_manager_satisfaction"


@pytest.fixture
def line(migrated_sqlite_url: str, tmp_path: Path) -> CommandLine:
    return CommandLine(migrated_sqlite_url, tmp_path)


def test_1_3_plans_are_set_listed_sent_and_removed_by_command(line: CommandLine) -> None:
    number = line.json("surveys", "set", KIND, "--cadence", "while_open", "--every", "30")["plan"]
    [plan] = line.json("surveys", "list")["plans"]
    assert (plan["id"], plan["cadence"], plan["every_days"], plan["throttle_days"]) == (number, "while_open", 30, 14)
    assert line.json("surveys", "send") == {"entered": 0}
    assert line.run("surveys", "formal", KIND, "--from", "2027-01-01")[0] == 0
    standing = {one["kind"]: one for one in line.json("surveys", "status")["surveys"]}[KIND]
    assert (standing["sent"], standing["response_rate"], standing["formal_from"]) == (0, None, "2027-01-01")
    assert "formal KPI from 1 Jan 2027" in line.run("surveys", "status")[1]
    assert line.run("surveys", "formal", KIND, "--off")[0] == 0
    assert line.run("surveys", "remove", str(number))[0] == 0
    assert "No surveys are sent" in line.run("surveys", "list")[1]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("set", KIND, "--cadence", "per_decision"), 1, "is sent per_hire"),
        (("set", KIND, "--cadence", "while_open"), 1, "number of days"),
        (("set", "nps", "--cadence", "per_hire"), 2, "nps"),
        (("remove", "9"), 1, "surveys list"),
        (("formal", KIND), 2, "--off"),
    ],
)
def test_1_3_a_wrong_command_says_what_to_do(
    line: CommandLine, arguments: tuple[str, ...], status: int, words: str
) -> None:
    found, _, errors = line.run("surveys", *arguments)
    assert (found, words in errors) == (status, True), errors
