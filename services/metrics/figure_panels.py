"""What a figure's menu opens: why it moved, the cases behind it, the walk from the tracking system's number to ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from services.domain.errors import InvalidInputError, TooManyGroupsError
from services.domain.filters import keep_known, where
from services.domain.metric import Anchor, Answer, Metric, Period, Query, Row, Unit
from services.domain.movements import Movement
from services.domain.panels import Panel, PanelRow, PanelSection
from services.domain.people import Viewer
from services.domain.periods import NamedPeriod, months_until, parse_period, year_before
from services.domain.vendor_matches import VendorMatch
from services.domain.views import Filters
from services.domain.wording import NOTHING, amount, change, number, sample, shown, unit_word
from services.metrics import lifecycle
from services.metrics.decomposition import Moved
from services.metrics.explanations import Explanations
from services.metrics.query import QueryLayer
from services.metrics.vendor_match import Matched
from services.metrics.vendor_rules import VENDORS, has_rule

CASES_SHOWN = 200
"""Requisitions listed in the panel; the export holds all."""
MONTHS_EXPORTED = 12
_SHIFTS_SHOWN = 12


@dataclass(frozen=True)
class _Asked:
    metric: Metric
    filters: Filters
    period: NamedPeriod
    limits: dict[str, tuple[str, ...]]

    @property
    def has_period(self) -> bool:
        """A figure as of one moment knows no period."""
        return self.metric.anchor is not Anchor.AS_OF

    def query(self, *by: str, period: Period | None = None) -> Query:
        chosen = period or (self.period.period if self.has_period else Period())
        return Query((self.metric.id,), by, self.limits, chosen)


class FigurePanels:
    """Everything is asked with the viewer's own rights and the page's filters."""

    def __init__(self, query: QueryLayer, explanations: Explanations) -> None:
        self._query = query
        self._explanations = explanations

    def why(self, metric_id: str, filters: Filters, viewer: Viewer) -> Panel:
        """Against the year before, in parts that add up. Raises InvalidInputError, with words for the reader."""
        asked = self._asked(metric_id, filters, viewer)
        if not asked.has_period:
            words = "This figure is counted as of one moment, so it has no period that could be compared in parts."
            return Panel(asked.metric.name, (PanelSection("Why did it move", (words,)),))
        before = year_before(asked.period)
        moved = Moved(metric_id, asked.period.period, before.period, asked.limits)
        movement = self._explanations.movements.why(moved, viewer)
        return Panel(f"Why did {asked.metric.name.lower()} move", tuple(_movement(movement)))

    def cases(self, metric_id: str, filters: Filters, viewer: Viewer) -> Panel:
        """The requisitions behind the figure, most cases first. Small ones follow the small-n rule."""
        asked = self._asked(metric_id, filters, viewer)
        metric = asked.metric
        if "requisition" not in metric.dimensions:
            words = "This figure has no requisitions behind it that could be listed."
            return Panel(metric.name, (PanelSection("Rows", (words,)),))
        try:
            answer = self._query.ask(asked.query("requisition"), viewer)
        except TooManyGroupsError as many:
            words = f"{number(many.groups)} requisitions lie behind this figure. Narrow the filters to list them."
            return Panel(metric.name, (PanelSection("Rows", (words,)),))
        rows = sorted(answer.rows, key=lambda row: (-row.n, row.dims.get("requisition") or ""))
        left = len(rows) - CASES_SHOWN
        more = (f"{number(left)} more with fewer cases: narrow the filters to see them.",) if left > 0 else ()
        section = PanelSection(
            f"{number(len(rows))} requisitions",
            more,
            head=("Requisition", unit_word(metric.unit).capitalize() or metric.name, "n"),
            rows=tuple(_case(row) for row in rows[:CASES_SHOWN]),
        )
        return Panel(metric.name, (section,))

    def match(self, metric_id: str, filters: Filters, viewer: Viewer) -> Panel:
        """The number each tracking system would show, and the walk from it to ours."""
        asked = self._asked(metric_id, filters, viewer)
        question = asked.query()
        sections = []
        for vendor, name in VENDORS.items():
            if not has_rule(vendor, metric_id):
                continue
            matched = Matched(vendor, metric_id, question.period, question.where)
            try:
                sections.append(_walk(self._explanations.matches.match(matched, viewer)))
            except InvalidInputError as refused:
                sections.append(PanelSection(name, (str(refused),)))
        if not sections:
            sections.append(PanelSection("Match the ATS", ("No tracking system shows a number of this kind.",)))
        return Panel(f"{asked.metric.name} as your ATS shows it", tuple(sections))

    def export(self, metric_id: str, filters: Filters, viewer: Viewer) -> tuple[Answer, ...]:
        """The figure of the period, its last twelve months and its top departments: what the page itself shows."""
        asked = self._asked(metric_id, filters, viewer)
        answers = [self._query.ask(asked.query(), viewer)]
        if asked.has_period and "month" in asked.metric.dimensions:
            months = months_until(asked.period.end, MONTHS_EXPORTED)
            answers.append(self._query.ask(asked.query("month", period=Period(months[0], asked.period.end)), viewer))
        if "top_department" in asked.metric.dimensions:
            answers.append(self._query.ask(asked.query("top_department"), viewer))
        return tuple(answers)

    def _asked(self, metric_id: str, filters: Filters, viewer: Viewer) -> _Asked:
        metric = lifecycle.answerable_for(metric_id, viewer)
        with self._query.hold() as snapshot:
            as_of = snapshot.as_of if snapshot.as_of.tzinfo else snapshot.as_of.replace(tzinfo=UTC)
            known = keep_known(filters, self._query.filter_options(viewer))
        limits = {name: values for name, values in where(known).items() if name in metric.dimensions}
        return _Asked(metric, known, parse_period(known.period, _day(as_of, viewer)), limits)


def _day(as_of: datetime, viewer: Viewer) -> date:
    return as_of.astimezone(ZoneInfo(viewer.timezone)).date()


def _movement(movement: Movement) -> Iterator[PanelSection]:
    unit = movement.unit
    yield PanelSection(
        "The change",
        pairs=(
            (movement.then.period, f"{amount(movement.then.value, unit)}, n {number(movement.then.n)}"),
            (movement.now.period, f"{amount(movement.now.value, unit)}, n {number(movement.now.n)}"),
            ("Change", change(movement.change, unit)),
        ),
    )
    yield PanelSection(
        "In parts that add up",
        head=("Part", "Share of the change", "What it is"),
        rows=tuple(PanelRow((part.name.capitalize(), change(part.value, unit), part.words)) for part in movement.parts),
    )
    if movement.shifts:
        yield _strata(movement)
    elif movement.remarks:
        yield PanelSection("Remarks", movement.remarks)


def _strata(movement: Movement) -> PanelSection:
    by = movement.by.replace("_", " ")
    rows = tuple(
        PanelRow(
            (
                shift.name or "Unknown",
                amount(shift.share_then, Unit.RATE),
                amount(shift.share_now, Unit.RATE),
                *(
                    NOTHING if value is None else amount(value, movement.unit)
                    for value in (shift.value_then, shift.value_now)
                ),
            )
        )
        for shift in movement.shifts[:_SHIFTS_SHOWN]
    )
    left = len(movement.shifts) - len(rows) + movement.others
    more = (f"{number(left)} more are too small or too many to be named.",) if left else ()
    head = (by.capitalize(), "Share then", "Share now", "Then", "Now")
    return PanelSection(f"By {by}", (*movement.remarks, *more), head=head, rows=rows)


def _case(row: Row) -> PanelRow:
    printed = shown(row)
    return PanelRow((row.dims.get("requisition") or "Unknown", printed.text, sample(row).removeprefix("n ")))


def _walk(found: VendorMatch) -> PanelSection:
    unit = found.unit
    known = "" if found.is_documented else " Assumed: the vendor does not write it down."
    return PanelSection(
        found.vendor_name,
        (f"{found.definition}.{known}", f"Source: {found.source}.", *found.remarks),
        head=("Step", "Change", "Number"),
        rows=(
            PanelRow((f"{found.vendor_name} shows", "", f"{amount(found.theirs, unit)}, n {number(found.theirs_n)}")),
            *(PanelRow((step.words, change(step.change, unit), amount(step.value, unit))) for step in found.steps),
            PanelRow(("Hireboard shows", "", f"{amount(found.ours, unit)}, n {number(found.ours_n)}")),
        ),
    )
