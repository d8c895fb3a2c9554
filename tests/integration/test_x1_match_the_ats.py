"""X1: a number people know from their ATS is reproduced, and the walk from it to ours adds up, one rule a step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from services.domain.errors import InvalidInputError
from services.domain.metric import Period
from services.domain.vendor_matches import VendorMatch
from services.ingest.demonstration.load import load
from services.mart.apart import build_apart
from services.mart.reader import MartReader
from services.metrics.names import StoreNames
from services.metrics.query import QueryLayer
from services.metrics.vendor_match import Matched, VendorMatches
from services.metrics.vendor_rules import RULES, STEPS, VENDORS, rule
from services.store.database import Store
from services.store.migrations import migrate
from tests.command_line import CommandLine
from tests.metric_scenes import OPERATOR, OTTO

YEAR = Period(date(2025, 10, 1), date(2026, 10, 1))


@pytest.fixture(scope="module")
def matches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VendorMatches]:
    """The demonstration company: holds, evergreen seats, reneges, rescinded offers, internal applicants."""
    folder = tmp_path_factory.mktemp("vendors")
    store = Store(f"sqlite:///{folder / 'hireboard.sqlite'}")
    migrate(store)
    load(store, applications=3_000, seed=5, until=date(2026, 11, 1))
    build_apart(store.url.render_as_string(hide_password=False), folder / "mart")
    reader = MartReader(folder / "mart")
    yield VendorMatches(QueryLayer(reader, StoreNames(store)), reader)
    store.dispose()


@pytest.fixture(scope="module")
def real(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    folder = tmp_path_factory.mktemp("real")
    line = CommandLine(f"sqlite:///{folder / 'hireboard.sqlite'}", folder)
    export = shared_data / "recruiting-red-harvest-v3"
    for arguments in (("migrate",), ("import", "greenhouse", export), ("mart", "build")):
        status, _, errors = line.run(*arguments)
        assert status == 0, errors
    return line


def assert_adds_up(found: VendorMatch) -> None:
    assert found.theirs + sum(step.change for step in found.steps) == pytest.approx(found.ours, abs=1e-9)
    at = found.theirs
    for step in found.steps:
        at += step.change
        assert at == pytest.approx(step.value, abs=1e-9)
    assert found.steps
    assert "unexplained" not in {step.rule for step in found.steps}


@pytest.mark.parametrize(("vendor", "metric"), sorted(RULES))
def test_x1_every_walk_adds_up_and_ends_where_the_pages_do(matches: VendorMatches, vendor: str, metric: str) -> None:
    found = matches.match(Matched(vendor, metric, YEAR), OPERATOR)
    assert_adds_up(found)
    layer = matches._layer
    assert found.ours == layer.ask(Matched(vendor, metric, YEAR).query(), OPERATOR).one(metric).value
    assert {part for step in found.steps for part in step.rule.split(" + ")} == set(rule(vendor, metric).steps)


def test_x1_each_rule_does_something_in_the_demonstration_company(matches: VendorMatches) -> None:
    """A rule that never changes a number would not have to be told."""
    moved: set[str] = set()
    for vendor, metric in RULES:
        # in September offers wait for an answer and candidates are on their way
        found = matches.match(Matched(vendor, metric, YEAR, as_of=datetime(2026, 9, 20, tzinfo=UTC)), OPERATOR)
        moved |= {step.rule for step in found.steps if abs(step.change) > 1e-9}
    assert moved >= set(STEPS) - {
        "unexplained",
        "extended_for_stage",
        "external_only",
        "expired_counted",
        "pending_left_out",
    }


def test_x1_filled_only_ends_at_our_own_naive_variant(matches: VendorMatches) -> None:
    """The figure before the last step is ours of filled seats alone."""
    found = matches.match(Matched("greenhouse", "time_to_fill", YEAR), OPERATOR)
    naive = matches._layer.ask(Matched("", "time_to_fill_filled", YEAR).query(), OPERATOR).rows[0]
    assert found.steps[-2].value == pytest.approx(naive.value, abs=1e-9)
    assert [step.rule for step in found.steps][-1] == "open_seats_censored"


def test_x1_scope_and_small_numbers_hold(matches: VendorMatches) -> None:
    with pytest.raises(InvalidInputError, match="nothing to walk to"):
        matches.match(Matched("greenhouse", "time_to_hire", YEAR), OTTO)
    short = Period(date(2026, 10, 30), date(2026, 10, 31))
    with pytest.raises(InvalidInputError, match="nothing to walk to"):
        matches.match(Matched("greenhouse", "offer_acceptance_rate", short), OPERATOR)
    for vendor, metric, words in (
        ("taleo", "time_to_hire", ", ".join(VENDORS)),
        ("gem", "applications", "Choose from: time_to_hire"),
    ):
        with pytest.raises(InvalidInputError, match=words):
            matches.match(Matched(vendor, metric, YEAR), OPERATOR)


def test_x1_greenhouse_numbers_of_a_real_export(real: CommandLine, shared_data: Path) -> None:
    """Recomputed from the numbers beside the export, which were worked out from its raw records."""
    numbers: dict[str, Any] = json.loads((shared_data / "recruiting-red-numbers.json").read_text(encoding="utf-8"))
    hire = real.json("metrics", "match", "greenhouse", "time_to_hire")
    elapsed = numbers["time_to_hire_elapsed_days (applied->offer accepted)"]
    assert (hire["theirs"], hire["theirs_n"]) == (pytest.approx(elapsed["mean"], abs=1e-4), elapsed["n"])
    assert hire["ours"] == pytest.approx(elapsed["median"], abs=0.05)
    dates = real.json("metrics", "match", "workable", "time_to_hire")
    assert dates["theirs"] == pytest.approx(numbers["time_to_hire_calendar_day_diff"]["mean"], abs=1e-4)
    offers = real.json("metrics", "match", "greenhouse", "offer_acceptance_rate")
    assert offers["theirs"] == offers["ours"] == pytest.approx(numbers["offer_acceptance_rate_resolved"], abs=1e-6)
    assert [step["change"] for step in offers["steps"]] == [0, 0, 0]
    reached = real.json("metrics", "match", "greenhouse", "pass_through_rate")
    assert reached["theirs"] == pytest.approx(numbers["terminal"]["hired"] / numbers["n_applications"], abs=1e-9)
    status, text, _ = real.run("metrics", "match", "greenhouse", "time_to_hire")
    assert (status, "mean -> median" in text, "40.8561" in text) == (0, True, True)
