"""Teams: load and results of departments or regions, and the plan from hires wanted back to entries a week.

A team's figure is never the mean of its people. What-if inputs live in the address and change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.access.policy import Action, Policy
from services.domain.consumers import Consumer, ConsumerKind
from services.domain.errors import InvalidInputError
from services.domain.filters import DIMENSIONS, to_search
from services.domain.judgement import judge
from services.domain.metric import Better, Row, Unit
from services.domain.people import Viewer
from services.domain.periods import DEFAULT_PERIOD
from services.domain.team_views import Choice, Switch
from services.domain.views import Bullet, Cell, Column, Filters, Note, PageView, Section, Table, TableRow
from services.domain.wording import NOTHING, number, percent
from services.metrics.capacity_plan import MOST_HIRES, MOST_WEEKS, CapacityPlan
from services.metrics.overview_parts import value_of
from services.metrics.pages.frame import Desk, Opened
from services.metrics.places import COMPANY, Place
from services.metrics.planning import Planning
from services.reporting.pages.questions import Asked, Questions, details
from services.reporting.pages.team_plan import WEEKS, Inputs, plan_sections, what_if

FILL, ACCEPTANCE, HIRES, LATE = "time_to_fill", "offer_acceptance_rate", "hires", "roles_with_late_feedback"
LOAD, OPEN, SEATS, CAPACITY = "recruiter_load", "open_requisitions", "open_seats", "capacity_use"
TILES = (FILL, HIRES, ACCEPTANCE, LATE)
CONSUMER = Consumer(
    ConsumerKind.PAGE,
    "teams",
    "Teams",
    frozenset((*TILES, LOAD, OPEN, SEATS, CAPACITY, "pass_through_rate_matured")),
)
"""Every metric the page asks."""
PATH = "/teams"
LEVELS = {"department": "Departments", "region": "Regions"}
_CAP = 1.0
_WIDEST = 1.5


class TeamsPage:
    """Safe for threads."""

    def __init__(self, desk: Desk, policy: Policy, planning: Planning) -> None:
        self._desk = desk
        self._policy = policy
        self._planning = planning

    def view(self, filters: Filters, query: Mapping[str, Sequence[str]], viewer: Viewer) -> PageView:
        """``query`` (hostile) may name ``by`` and the what-if inputs. Raises ForbiddenError without the action."""
        self._policy.require(viewer, Action.TEAMS_VIEW)
        inputs, level = Inputs.of(query), _level(query)
        with self._desk.opened(filters, viewer) as opened:
            ask = Questions(opened)
            dimension = _dimension(level, opened.filters)
            in_period = ask.ask(FILL, ACCEPTANCE, by=(dimension,), expected=level == "department")
            counted = ask.ask(HIRES, LATE, by=(dimension,))
            standing = ask.standing(OPEN, SEATS, LOAD, by=(dimension,))
            interviewers = ask.ask(CAPACITY, by=(dimension,))
            all_hires, seats = ask.ask(HIRES), ask.standing(SEATS)
            tiles = tuple(ask.tile(metric_id) for metric_id in TILES)
            found = _Figures(dimension, in_period, counted, standing, interviewers, opened)
            place, why = self._place(opened.filters)
            wanted = int(seats.row(SEATS).value or 0)
            plan, error = self._plan(inputs, max(wanted, 1), place, viewer)
            inputs = replace(inputs, error=error or inputs.error)
            reset = _address(opened.filters, level)
            everything = "the company" if viewer.scope.everything else "your part of the company"
            scope = everything if place == COMPANY else place.words
            return PageView(
                id="teams",
                title="Teams",
                subtitle=opened.subtitle,
                stamp=opened.stamp,
                filters=opened.filters,
                choices=opened.choices,
                notes=(*opened.standing, *_notes(opened.filters)),
                tiles=tiles,
                sections=(
                    Section("level", _level_switch(level, opened.filters)),
                    Section("teams", _teams(found, level, all_hires.row(HIRES))),
                    # the rest of the company in the same countries is the region itself
                    *((Section("mix", _mix(found)),) if level == "department" else ()),
                    Section("what-if", what_if(inputs, _kept(opened.filters, level), PATH, reset, scope, wanted)),
                    *plan_sections(plan, why),
                ),
                details=details(TILES),
                trust=(*opened.trust, "Load shown from five people a team on"),
            )

    def _place(self, filters: Filters) -> tuple[Place, str]:
        """The department whose rates the plan takes: the chosen one, else the company; and words where it is not."""
        if len(filters.department) != 1:
            why = "" if not filters.department else "Several departments are chosen: the plan takes everybody's rates."
            return COMPANY, why
        return self._planning.place(department=filters.department[0]), ""

    def _plan(self, inputs: Inputs, wanted: int, place: Place, viewer: Viewer) -> tuple[CapacityPlan | None, str]:
        hires = int(inputs.numbers.get("hires", min(wanted, MOST_HIRES)))
        weeks = int(inputs.numbers.get("weeks", WEEKS))
        try:
            plan = self._planning.planner.plan(
                min(hires, MOST_HIRES + 1), min(weeks, MOST_WEEKS + 1), viewer, place=place, what_if=inputs.capacity
            )
        except InvalidInputError as error:
            return None, str(error)
        return plan, ""


@dataclass(frozen=True)
class _Figures:
    dimension: str
    in_period: Asked
    counted: Asked
    standing: Asked
    interviewers: Asked
    opened: Opened

    def names(self) -> list[str]:
        found: set[str] = set()
        for asked, metric_id in ((self.in_period, FILL), (self.counted, HIRES), (self.standing, OPEN)):
            found |= {str(name) for name in asked.by(metric_id, self.dimension) if name is not None}
        return sorted(found, key=str.casefold)


def _level(query: Mapping[str, Sequence[str]]) -> str:
    named = next(iter(query.get("by", ())), "department")
    return named if named in LEVELS else "department"


def _dimension(level: str, filters: Filters) -> str:
    """Departments at the top of the tree; their children as soon as departments are chosen."""
    if level == "region":
        return "geography"
    return "department" if filters.department else "top_department"


def _address(filters: Filters, level: str) -> str:
    search = to_search(filters)
    return f"{PATH}{search}" if level == "department" else f"{PATH}{search}{'&' if search else '?'}by={level}"


def _kept(filters: Filters, level: str) -> tuple[tuple[str, str], ...]:
    kept = [("period", filters.period)] if filters.period != DEFAULT_PERIOD else []
    kept += [(name, value) for name, _ in DIMENSIONS for value in getattr(filters, name)]
    return (*kept, ("by", level)) if level != "department" else tuple(kept)


def _level_switch(level: str, filters: Filters) -> Switch:
    return Switch(
        title="Teams by",
        caption="A team's figure is counted from its roles; it is never the mean of its people.",
        name="by",
        choices=tuple(Choice(key, words, key == level, _address(filters, key)) for key, words in LEVELS.items()),
    )


def _notes(filters: Filters) -> tuple[Note, ...]:
    if not filters.source:
        return ()
    words = "A requisition has no source: load, time to fill and feedback are shown for all sources."
    return (Note("info", words),)


# --- teams ------------------------------------------------------------------------------------------------------------


def _teams(found: _Figures, level: str, hires: Row) -> Table:
    rows = tuple(_team(found, name) for name in found.names())
    return Table(
        title=LEVELS[level],
        caption="Load: open seats weighted by urgency and stage, a recruiter; tick = cap. Interviews: hours held of "
        "the interviewers' hours.",
        columns=(
            Column("open", "Open roles", "number", fold=True),
            Column("people", "Recruiters", "number", fold=True),
            Column("load", "Load", "number"),
            Column("cap", "0 to 1.5 of cap", "bullet", fold=True),
            Column("interviews", "Interviews", "rate", fold=True),
            Column("fill", "Time to fill, days", "days"),
            Column("bullet", "Tick = target", "bullet", fold=True),
            Column("hires", "Hires", "number", fold=True),
            Column("acceptance", "Offer acceptance", "rate", fold=True),
            Column("late", "Late feedback", "rate", fold=True),
        ),
        rows=rows,
        note=f"{number(hires.value or 0)} hires in all; credits of people add up to them under every model",
        empty="No team has roles in this selection. Reset the filters to see all.",
        id="teams",
        heading=LEVELS[level][:-1],
    )


def _team(found: _Figures, name: str) -> TableRow:
    dimension, targets = found.dimension, found.opened.targets
    department = name if dimension != "geography" else None
    fill = found.in_period.of(FILL, dimension, name)
    acceptance = found.in_period.of(ACCEPTANCE, dimension, name)
    late, load = found.counted.of(LATE, dimension, name), found.standing.of(LOAD, dimension, name)
    goal = targets.of(FILL, department=department)
    status = judge(fill, goal, Better.LOWER)
    cells: dict[str, Cell] = {
        "open": found.standing.of(OPEN, dimension, name),
        "people": int(load.extra.get("people") or load.n),
        "load": load,
        "cap": _of_cap(load),
        "interviews": found.interviewers.of(CAPACITY, dimension, name),
        "fill": fill,
        "fill_status": status,
        "bullet": Bullet(value_of(fill), fill.unit, goal, status=status),
        "hires": found.counted.of(HIRES, dimension, name),
        "acceptance": acceptance,
        "acceptance_status": judge(acceptance, targets.of(ACCEPTANCE, department=department), Better.HIGHER),
        "late": late,
        "late_status": judge(late, targets.of(LATE, department=department), Better.LOWER),
    }
    href = f"{PATH}{to_search(Filters(department=(name,)))}" if dimension == "top_department" else None
    return TableRow(name, name, cells, href=href, detail=f"n {number(fill.n)} seats")


def _of_cap(load: Row) -> Bullet:
    used = load.extra.get("capacity_use")
    value = None if load.value is None or used is None else float(used)
    status = None if value is None else "off" if value > _CAP else "on"
    return Bullet(value, Unit.RATIO, _CAP, full=_WIDEST, status=status)


def _mix(found: _Figures) -> Table:
    """Observed over expected; the baseline is everybody else's rate for the same families, levels and countries."""
    rows = []
    for name in found.names():
        fill, acceptance = (found.in_period.of(metric, found.dimension, name) for metric in (FILL, ACCEPTANCE))
        rows.append(
            TableRow(
                name,
                name,
                {
                    "fill": _ratio(fill),
                    "acceptance": _ratio(acceptance),
                    "observed": acceptance,
                    "expected": _expected(acceptance),
                },
            )
        )
    return Table(
        title="Against the same mix of work",
        caption="Observed over expected, with its 95% interval; 1 = as the rest of the company with the same job "
        "families, levels and countries.",
        columns=(
            Column("fill", "Seats filled", "text"),
            Column("acceptance", "Offers accepted", "text", fold=True),
            Column("observed", "Acceptance", "rate", fold=True),
            Column("expected", "Expected", "text", fold=True),
        ),
        rows=tuple(rows),
        note="From 20 cases on; strata below 20 are pooled upward",
        empty="No team has cases in this selection.",
        id="mix",
        heading="Department",
    )


def _ratio(row: Row) -> str:
    values = [row.extra.get(name) for name in ("ratio", "ratio_low", "ratio_high")]
    if any(value is None for value in values):
        return f"too few, n {number(row.n)}" if row.n else NOTHING
    ratio, low, high = (number(float(value or 0), decimals=2) for value in values)
    return f"{ratio} ({low}{NOTHING}{high})"


def _expected(row: Row) -> str:
    value = row.extra.get("expected")
    return NOTHING if value is None else percent(float(value))
