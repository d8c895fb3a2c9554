"""The life of a definition: draft, certified, deprecated with a successor, retired."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.domain.errors import InvalidInputError
from services.domain.metric import Estimator, Query, Revision, Status, Unit
from services.metrics import lifecycle, registry
from services.metrics.query import QueryLayer
from tests.metric_scenes import OPERATOR, FakeNames, SmallMart

TODAY = datetime.now(UTC).date()
Change = Callable[..., None]


@pytest.fixture
def change(monkeypatch: pytest.MonkeyPatch) -> Change:
    def changed(metric_id: str, **fields: Any) -> None:
        families = [
            replace(
                family,
                metrics=tuple(replace(one, **fields) if one.id == metric_id else one for one in family.metrics),
            )
            for family in registry.FAMILIES
        ]
        found = {metric.id: metric for family in families for metric in family.metrics}
        monkeypatch.setattr(registry, "REGISTRY", found)

    return changed


def ask(metric_id: str = "hires") -> Any:
    return QueryLayer(SmallMart(), FakeNames()).ask(Query((metric_id,)), OPERATOR).one(metric_id)


def test_the_registry_keeps_its_own_rules() -> None:
    assert lifecycle.problems(registry.REGISTRY) == []


def test_a_retired_metric_is_refused_by_name_of_its_successor(change: Change) -> None:
    change("hires", status=Status.RETIRED, status_from=date(2026, 3, 1), successor="starts")
    with pytest.raises(InvalidInputError, match=r"hires was retired on 2026-03-01. Ask starts instead"):
        ask()
    assert registry.metric("hires").name == "Hires"  # what it meant can still be read


def test_a_retired_metric_without_successor_says_so(change: Change) -> None:
    change("hires", status=Status.RETIRED, status_from=date(2026, 3, 1))
    with pytest.raises(InvalidInputError, match="Nothing takes its place"):
        ask()


def test_a_deprecated_metric_answers_and_says_what_to_ask_instead_and_until_when(change: Change) -> None:
    end = TODAY + timedelta(days=1)
    change("hires", status=Status.DEPRECATED, status_from=TODAY, successor="starts", retires_on=end)
    row = ask()
    assert (row.value, row.note) == (0, f"deprecated: ask starts, answers until {end}")


def test_on_its_announced_day_a_deprecated_metric_is_retired(change: Change) -> None:
    change("hires", status=Status.DEPRECATED, status_from=date(2026, 1, 1), successor="starts", retires_on=TODAY)
    with pytest.raises(InvalidInputError, match=f"retired on {TODAY}. Ask starts"):
        ask()


def test_a_draft_answers_and_says_so_beside_any_other_note(change: Change) -> None:
    change("hires", status=Status.DRAFT)
    assert ask().note == "draft definition"
    assert lifecycle.remarked(registry.metric("hires"), "provisional") == "provisional; draft definition"


def test_a_certified_metric_says_nothing() -> None:
    assert ask().note is None


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"status": Status.DEPRECATED, "status_from": TODAY}, "deprecated without a successor"),
        ({"status": Status.DEPRECATED, "successor": "starts"}, "deprecated without a date"),
        ({"status": Status.RETIRED, "status_from": TODAY, "successor": "gone"}, "its successor gone does not exist"),
        ({"denominator": "", "estimator": Estimator.PLAIN_RATE, "source": ""}, "does not say source, denominator"),
        ({"unit": Unit.DAYS}, "does not say stop, clock"),
        ({"successor": "starts"}, "certified with a successor or an end"),
        ({"version": 2}, r"version 2 does not follow its revisions \[\]"),
        (
            {"version": 2, "revisions": (Revision(1, date(2026, 1, 1), "clock"),)},
            "a version takes effect before the one it replaces",
        ),
    ],
)
def test_what_breaks_the_rules_is_named(change: Change, fields: dict[str, Any], problem: str) -> None:
    change("hires", **fields)
    (found,) = lifecycle.problems(registry.REGISTRY)
    assert found.startswith("hires: ")
    assert re.search(problem, found)


def test_a_new_version_follows_the_one_before(change: Change) -> None:
    change(
        "hires", version=2, effective_from=date(2026, 7, 1), revisions=(Revision(1, date(2026, 1, 1), "undone offers"),)
    )
    assert lifecycle.problems(registry.REGISTRY) == []
    assert ask().definition_version == 2


def test_a_successor_has_to_be_certified() -> None:
    drafted = {**registry.REGISTRY, "starts": replace(registry.REGISTRY["starts"], status=Status.DRAFT)}
    drafted["hires"] = replace(drafted["hires"], status=Status.RETIRED, status_from=TODAY, successor="starts")
    assert lifecycle.problems(drafted) == ["hires: its successor starts is not certified"]
