"""X2 on the command line: the parts of a change, under the rights of whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.domain.metric import Period
from services.ingest.demonstration.load import load
from services.mart.apart import build_apart
from services.mart.reader import MartReader
from services.metrics.clock_traces import ClockTraces
from services.metrics.decomposition import Moved
from services.metrics.explanations import Explanations, make_explanations
from services.metrics.names import StoreNames
from services.metrics.query import QueryLayer
from services.store.database import Store
from services.store.migrations import migrate
from tests.command_line import CommandLine
from tests.metric_scenes import OPERATOR

SPRING = ("--from", "2026-04-01", "--to", "2026-09-30", "--against", "2025-10-01..2026-03-31")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Path]]:
    folder = tmp_path_factory.mktemp("why")
    store = Store(f"sqlite:///{folder / 'hireboard.sqlite'}")
    migrate(store)
    load(store, applications=2_500, seed=7, until=date(2026, 11, 1))
    build_apart(store.url.render_as_string(hide_password=False), folder / "mart")
    yield store, folder
    store.dispose()


@pytest.fixture(scope="module")
def line(company: tuple[Store, Path]) -> CommandLine:
    store, folder = company
    return CommandLine(store.url.render_as_string(hide_password=False), folder)


def assert_adds_up(document: dict[str, Any]) -> None:
    parts = sum(part["value"] for part in document["parts"])
    assert parts == pytest.approx(document["now"]["value"] - document["then"]["value"], abs=1e-9)
    assert document["change"] == pytest.approx(parts, abs=1e-9)


@pytest.mark.parametrize(
    ("metric", "by"),
    [
        ("time_to_fill", "department"),
        ("offer_acceptance_rate", "job_family"),
        ("pass_through_rate", "source"),
        ("time_to_hire", "country"),
        ("time_in_stage", "canonical_stage"),
        ("drop_off_rate", "department"),
        ("feedback_turnaround", "office"),
        ("hires", "department"),
        ("candidate_nps", "department"),
    ],
)
def test_x2_the_parts_of_a_real_change_add_up(line: CommandLine, metric: str, by: str) -> None:
    document = line.json("metrics", "why", metric, *SPRING, "--by", by)
    assert_adds_up(document)
    asked = line.json("metrics", "query", metric, "--from", "2026-04-01", "--to", "2026-09-30")["rows"][0]
    assert document["now"]["value"] == asked["value"]
    sizes = [(shift["n_then"], shift["n_now"]) for shift in document["shifts"]]
    assert all(n == 0 or n >= 5 for pair in sizes for n in pair)


def test_x2_the_command_says_what_it_did(line: CommandLine) -> None:
    status, text, _ = line.run("metrics", "why", "pass_through_rate", *SPRING)
    assert status == 0
    for words in ("mix", "rate", "definition", "data", "No snapshot is kept for 1 Apr 2026", "job_family"):
        assert words in text
    document = line.json("metrics", "why", "time_to_fill", *SPRING, "--formerly", "time_to_fill_gross")
    assert_adds_up(document)
    autumn = ("--from", "2025-10-01", "--to", "2026-03-31")
    gross, net = line.json("metrics", "query", "time_to_fill_gross", "time_to_fill", *autumn)["rows"]
    assert (document["then"]["metric"], document["then"]["value"]) == ("time_to_fill_gross", gross["value"])
    assert document["parts"][0]["value"] == pytest.approx(net["value"] - gross["value"])
    assert "Version 1 was in force then" in line.run("metrics", "why", "time_to_fill", *SPRING)[1]
    for arguments, code, words in (
        (("hires", "--from", "2026-04-01", "--to", "2026-09-30", "--against", "2025"), 2, "--against"),
        (("hires", *SPRING, "--by", "recruiter"), 1, "cannot be taken apart by recruiter"),
        (("representation", *SPRING), 1, "sensitive"),
    ):
        status, _, errors = line.run("metrics", "why", *arguments)
        assert (status, words in errors) == (code, True), errors


def test_x2_pages_get_the_same_from_the_services(company: tuple[Store, Path], line: CommandLine) -> None:
    store, folder = company
    mart = MartReader(folder / "mart")
    explanations: Explanations = make_explanations(mart, QueryLayer(mart, StoreNames(store)), store)
    document = line.json("metrics", "why", "time_to_hire", *SPRING)
    now, then = Period(date(2026, 4, 1), date(2026, 10, 1)), Period(date(2025, 10, 1), date(2026, 4, 1))
    movement = explanations.movements.why(Moved("time_to_hire", now, then), OPERATOR)
    assert [part.value for part in movement.parts] == [part["value"] for part in document["parts"]]
    assert isinstance(explanations.traces, ClockTraces)
