"""Match the ATS: the number a vendor would show, and the walk from it to ours, one rule a step.

Under the viewer's rights and the small-number rule: where our figure may not be shown, neither is the vendor's; a
figure in between that may not be shown makes one step of two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from services.domain.errors import InvalidInputError
from services.domain.metric import Metric, Period, Query, Row
from services.domain.people import Viewer
from services.domain.vendor_matches import VendorMatch, WalkStep
from services.domain.wording import shown
from services.metrics import lifecycle
from services.metrics.query import QueryLayer
from services.metrics.suppression import SHOWN_FROM
from services.metrics.vendor_cases import TURNED, VARIANTS, Counted, Executor, evaluator, turned
from services.metrics.vendor_rules import STEPS, VENDORS, VendorRule, rule


@dataclass(frozen=True)
class Matched:
    """Which number is matched. ``as_of`` None = the snapshot's own time."""

    vendor: str
    metric: str
    period: Period = field(default_factory=Period)
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    as_of: datetime | None = None

    def query(self, *metrics: str) -> Query:
        return Query(metrics or (self.metric,), where=self.where, period=self.period, as_of=self.as_of)


class _Point(NamedTuple):
    """A figure on the way; ``rule`` led to it. None = it may not be shown."""

    rule: str
    value: float | None
    n: int


def _shown(step: str, counted: Counted) -> _Point:
    """The first figure says itself that it is too few; one on the way is passed over."""
    return _Point(step, counted.value if counted.n >= SHOWN_FROM or not step else None, counted.n)


EXACT = 1e-9


class VendorMatches:
    """``executor`` reads the same snapshot as ``layer``: its reader."""

    def __init__(self, layer: QueryLayer, executor: Executor) -> None:
        self._layer = layer
        self._executor = executor

    def match(self, matched: Matched, viewer: Viewer) -> VendorMatch:
        """Raises InvalidInputError for an unknown vendor or number, and where there is no figure to walk to."""
        found = rule(matched.vendor, matched.metric)
        metric = lifecycle.answerable(matched.metric)
        with self._layer.hold():
            answer = self._layer.ask(matched.query(), viewer)
            ours = answer.one(metric.id)
            if ours.value is None:
                seen = shown(ours)
                raise InvalidInputError(
                    f"{metric.name} has no value here ({seen.text}, {seen.note or ours.reason}): nothing to walk to. "
                    "Take a longer period or a wider scope."
                )
            points = self._points(found, metric, matched, viewer, ours)
        theirs = points[0]
        if theirs.value is None or theirs.n < SHOWN_FROM:
            raise InvalidInputError(
                f"{VENDORS[matched.vendor.lower()]} would show a number of {theirs.n} cases here, too few to be shown. "
                "Take a longer period or a wider scope."
            )
        return VendorMatch(
            vendor=matched.vendor.lower(),
            vendor_name=VENDORS[matched.vendor.lower()],
            metric=metric.id,
            name=metric.name,
            unit=metric.unit,
            definition=found.definition,
            source=found.source,
            is_documented=found.is_documented,
            theirs=theirs.value,
            theirs_n=theirs.n,
            ours=float(ours.value),
            ours_n=ours.n,
            steps=_walk(points),
            as_of=answer.as_of,
            snapshot=answer.snapshot,
            remarks=_remarks(metric.id),
        )

    def _points(self, found: VendorRule, metric: Metric, matched: Matched, viewer: Viewer, ours: Row) -> list[_Point]:
        if found.start not in VARIANTS:
            return self._asked(found, matched, viewer, ours)
        # the strata carry the question with scope and filters resolved; they are not looked at
        question = self._layer.strata(matched.query(), viewer).question
        figure: Callable[..., Counted] = evaluator(metric.id, question, self._executor)
        variant = VARIANTS[found.start]
        points = [_shown("", figure(variant))]
        for step in found.steps:
            if step in TURNED:
                variant = turned(variant, step)
                points.append(_shown(step, figure(variant)))
            else:
                points.append(_Point(step, ours.value, ours.n))
        last = points[-1].value
        if last is not None and ours.value is not None and abs(last - ours.value) > EXACT:
            points.append(_Point("unexplained", ours.value, ours.n))
        points[-1] = points[-1]._replace(value=ours.value)
        return points

    def _asked(self, found: VendorRule, matched: Matched, viewer: Viewer, ours: Row) -> list[_Point]:
        """Variants that are metrics of their own."""
        points = [self._point("", found.start, matched, viewer)]
        for step in found.steps[:-1]:
            if step == "external_only":
                so_far = ours.extra.get("so_far")
                points.append(_Point(step, None if so_far is None else float(so_far), ours.n))
            else:
                points.append(self._point(step, "pass_through_rate_snapshot", matched, viewer))
        return [*points, _Point(found.steps[-1], ours.value, ours.n)]

    def _point(self, step: str, metric: str, matched: Matched, viewer: Viewer) -> _Point:
        row = self._layer.ask(matched.query(metric), viewer).one(metric)
        return _Point(step, None if row.value is None else float(row.value), row.n)


def _walk(points: list[_Point]) -> tuple[WalkStep, ...]:
    """Steps between figures that may be shown; rules that lead through one that may not are told together."""
    steps: list[WalkStep] = []
    rules: list[str] = []
    before = points[0].value or 0.0
    for point in points[1:]:
        rules.append(point.rule)
        if point.value is None:
            continue
        words = "; ".join(STEPS[name] for name in rules)
        steps.append(WalkStep(" + ".join(rules), words, point.value - before, point.value))
        before, rules = point.value, []
    return tuple(steps)


def _remarks(metric: str) -> tuple[str, ...]:
    if metric != "time_to_fill":
        return ()
    return ("A seat whose acceptance was undone before the start counts as not filled in every line here.",)
