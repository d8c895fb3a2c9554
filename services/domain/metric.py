"""Contract of the query layer: metric declaration, question, answer."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from services.domain.people import ColumnClass


class Unit(enum.StrEnum):
    COUNT = "count"
    DAYS = "days"
    HOURS = "hours"
    BUSINESS_HOURS = "business_hours"
    BUSINESS_DAYS = "business_days"
    RATE = "rate"
    """0-1 in code, per cent on screen."""
    SCORE = "score"
    RATIO = "ratio"
    """Of two rates: 1 = equal."""
    MONEY = "money"
    """Whole units of the currency it is split or filtered by."""


class Better(enum.StrEnum):
    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


class Estimator(enum.StrEnum):
    COUNT = "count"
    PLAIN_RATE = "plain_rate"
    PLAIN_MEDIAN = "plain_median"
    PLAIN_MEAN = "plain_mean"
    KAPLAN_MEIER = "kaplan_meier"
    AALEN_JOHANSEN = "aalen_johansen"


class Reason(enum.StrEnum):
    """Why there is no value. A value of None always carries one; a value never does."""

    NO_DATA = "no_data"
    NOT_LOADED = "not_loaded"
    NOT_REACHED = "not_reached"
    TOO_FEW = "too_few"
    NO_COMPARISON = "no_comparison"
    HIDDEN = "hidden"


class Anchor(enum.StrEnum):
    """Which records make up a period."""

    AS_OF = "as_of"
    AT_RISK_IN_PERIOD = "at_risk_in_period"
    APPLIED = "applied_date"
    ACCEPTED = "acceptance_date"
    EXTENDED = "first_extended_date"
    REACHED = "stage_reached_date"
    LEFT = "stage_left_date"
    OPENED = "opened_date"
    FILLED = "filled_date"
    INTERVIEW_END = "interview_end_date"
    STARTED = "start_date"
    ORDERED = "order_date"
    DECIDED = "decision_date"
    WEEK = "week"


class Attribution(enum.StrEnum):
    """Whose a seat or hire is when several people held its requisition one after the other."""

    PRIMARY = "primary"
    """Who held it at the acceptance, or at the end of what is known."""
    SPLIT = "split"
    """Everybody who held it, by the share of its time that was not on hold."""
    HANDOVER = "handover"
    """A hire is the last owner's; a clock runs for each owner only while it was theirs."""


class Status(enum.StrEnum):
    DRAFT = "draft"
    CERTIFIED = "certified"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


@dataclass(frozen=True)
class Revision:
    """An earlier version of a definition: from when it held, and what the next one changed."""

    version: int
    effective_from: date
    changed: str


@dataclass(frozen=True)
class Metric:
    """One governed definition. A changed field is a new version with an effective date.

    ``start``, ``stop``, ``clock`` and ``denominator`` are the words printed in the registry and under reports;
    ``family`` names the module in ``services.metrics`` that computes it.
    """

    id: str
    name: str
    unit: Unit
    estimator: Estimator
    anchor: Anchor
    family: str
    grain: str
    summary: str
    better: Better = Better.NEITHER
    version: int = 1
    effective_from: date = date(2026, 1, 1)
    status: Status = Status.CERTIFIED
    status_from: date | None = None
    """Since when it is deprecated or retired; a draft or a certified metric is so from ``effective_from``."""
    successor: str | None = None
    """What to ask instead of a deprecated or retired metric."""
    retires_on: date | None = None
    """From this day a deprecated metric answers no more."""
    revisions: tuple[Revision, ...] = ()
    """Earlier versions, oldest first."""
    owner: str = "People Analytics"
    start: str = ""
    stop: str = ""
    clock: str = ""
    horizon_days: int | None = None
    formula: str = ""
    denominator: str = ""
    censored_by: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    source: str = "ATS"
    """Where the records come from, or the standard the definition follows."""
    column_class: ColumnClass = ColumnClass.GENERAL
    dimensions: tuple[str, ...] = ()
    lanes: tuple[str, ...] = ("batch",)
    variant_of: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Period:
    """Half-open [start, end) in local dates of the requisition's zone; None = unlimited on that side."""

    start: date | None = None
    end: date | None = None


@dataclass(frozen=True)
class Query:
    """A question.

    Values in ``where`` are names as shown (``department``: ``("Sales",)``); OR within, AND between dimensions. ``by``
    holds dimension ids, among them the time grains ``day week month quarter fiscal_year``. ``as_of`` None = the
    snapshot's own watermark. ``raw`` switches the small-n display rule off (admins and the local operator only).
    ``attribution`` None = the recruiter the source names; else figures by recruiter follow who held the requisition.
    ``clustered``: intervals by cluster bootstrap, where a metric's subjects share requisitions or people.
    ``expected``: beside each figure what the company's rate for the same mix of work would have given (in extra).
    ``most_groups``: more groups than that are refused (TooManyGroupsError) before they are worked out; None = no limit.
    """

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    period: Period = field(default_factory=Period)
    as_of: datetime | None = None
    raw: bool = False
    attribution: Attribution | None = None
    clustered: bool = False
    expected: bool = False
    most_groups: int | None = None


@dataclass(frozen=True)
class Row:
    """One metric in one group. ``dims`` maps each asked dimension to its shown value; None = unknown in the source."""

    metric: str
    dims: Mapping[str, str | None]
    value: float | int | None
    unit: Unit
    n: int
    """Subjects: the denominator, or for curves those ever at risk."""
    reason: Reason | None = None
    events: int | None = None
    numerator: int | float | None = None
    denominator: int | float | None = None
    low: float | None = None
    high: float | None = None
    p25: float | None = None
    p75: float | None = None
    naive: float | None = None
    """The figure a filled-only or resolved-only count would give, for the detail view."""
    estimator: Estimator = Estimator.COUNT
    anchor: Anchor = Anchor.AS_OF
    horizon: int | None = None
    lane: str = "batch"
    definition_version: int = 1
    note: str | None = None
    """Words that belong to the value: "by day 41", "> 109", "provisional"."""
    extra: Mapping[str, float | int | None] = field(default_factory=dict)
    """Further counts the definition asks to show: pending, unknown, excluded, gross ..."""


@dataclass(frozen=True)
class Answer:
    as_of: datetime
    snapshot: str
    rows: tuple[Row, ...]

    def one(self, metric: str, **dims: str | None) -> Row:
        """The row of ``metric`` whose dimensions equal ``dims``. Raises KeyError when the group is absent."""
        for row in self.rows:
            if row.metric == metric and all(row.dims.get(k) == v for k, v in dims.items()):
                return row
        raise KeyError((metric, dims))

    def of(self, metric: str) -> tuple[Row, ...]:
        return self._by_metric.get(metric, ())

    def group(self, metric: str, dimension: str, name: str | None) -> Row | None:
        """The row of one group of a question by ``dimension`` alone; None when the question did not find it."""
        return self._by_group(dimension).get((metric, name))

    @cached_property
    def _by_metric(self) -> Mapping[str, tuple[Row, ...]]:
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.metric, []).append(row)
        return {metric: tuple(rows) for metric, rows in found.items()}

    def _by_group(self, dimension: str) -> Mapping[tuple[str, str | None], Row]:
        if dimension not in self._indexes:
            self._indexes[dimension] = {(row.metric, row.dims.get(dimension)): row for row in reversed(self.rows)}
        return self._indexes[dimension]

    @cached_property
    def _indexes(self) -> dict[str, Mapping[tuple[str, str | None], Row]]:
        return {}
