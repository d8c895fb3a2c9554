"""Interviews: wait until the interview, lateness of feedback by the rule of 7.2, and what interviewers carry.

People are named only for those who may see them, in alphabetical order, rates from 20 forms on; a works agreement
leaves them out. The page advises nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from services.access.policy import Action, Policy
from services.domain.consumers import Consumer, ConsumerKind
from services.domain.errors import TooManyGroupsError
from services.domain.filters import to_search
from services.domain.judgement import judge
from services.domain.metric import Better, Row, Unit
from services.domain.people import ColumnClass, Viewer
from services.domain.team_views import Choice, Switch
from services.domain.views import Bullet, Cell, Column, Filters, Note, PageView, Section, Table, TableRow
from services.domain.wording import NOTHING, number
from services.metrics.feedback import BREACH_ROLES, BREACH_SHARE
from services.metrics.overview_parts import value_of
from services.metrics.pages.frame import Desk
from services.reporting.pages.questions import Asked, Questions, details, trend_of

WAIT, TURNAROUND, LATE, ROLES = (
    "days_to_interview",
    "feedback_turnaround",
    "feedback_late_rate",
    "roles_with_late_feedback",
)
HELD, LOAD, USE = "interviews_held", "interviewer_load", "capacity_use"
TILES = (WAIT, TURNAROUND, LATE, ROLES)
CONSUMER = Consumer(ConsumerKind.PAGE, "interviews", "Interviews", frozenset((*TILES, HELD, LOAD, USE)))
"""Every metric the page asks."""
LIMIT_DAYS = 2.0
MOST_PEOPLE = 200
PAGE_SIZE = 25
PATH = "/interviews"
_WIDEST_DAYS, _WIDEST_SHARE = 5.0, 0.6


class InterviewsPage:
    """Safe for threads."""

    def __init__(self, desk: Desk, policy: Policy, cap: Callable[[], float]) -> None:
        """``cap``: hours of interviews a week that are set now."""
        self._desk = desk
        self._policy = policy
        self._cap = cap

    def view(self, filters: Filters, viewer: Viewer, page: int = 1) -> PageView:
        """``page``: of the interviewers' names, which need the class of single people.

        Raises ForbiddenError without the action.
        """
        self._policy.require(viewer, Action.INTERVIEWS_VIEW)
        with self._desk.opened(filters, viewer, off=("source",)) as opened:
            ask = Questions(opened)
            level = "department" if opened.filters.department else "top_department"
            by_team = ask.ask(TURNAROUND, LATE, ROLES, by=(level,))
            held = ask.ask(HELD, WAIT, by=(level,))
            load = ask.ask(LOAD, USE, by=(level,))
            tiles = tuple(ask.tile(metric_id) for metric_id in TILES)
            cap = self._cap()
            people = _people(ask, cap, page) if ColumnClass.PERSON in viewer.classes else ()
            lede, rules = write_lede(tiles[3].row)
            late = tiles[2]
            return PageView(
                id="interviews",
                title="Interviews",
                subtitle=opened.subtitle,
                stamp=opened.stamp,
                filters=opened.filters,
                choices=opened.choices,
                lede=lede,
                rules=rules,
                notes=(*opened.standing, *_notes(filters)),
                tiles=tiles,
                sections=(
                    Section("lateness", _lateness(by_team, level), 12),
                    Section(
                        "late-trend",
                        trend_of(
                            late,
                            ask.months,
                            "Late feedback by month",
                            "Share of forms that took, or are taking, more than two business days.",
                        ),
                        6,
                    ),
                    Section("waits", _waits(held, load, level, cap), 6),
                    *people,
                ),
                details=details(TILES),
                trust=(*opened.trust, "People on leave, cancelled interviews and no-shows are left out"),
            )


def write_lede(row: Row) -> tuple[str, tuple[str, ...]]:
    """IV-01 the rule is broken, IV-02 it is kept, IV-03 there are too few roles to say."""
    roles = int(row.denominator or row.n)
    if row.value is None or roles < BREACH_ROLES:
        return f"Fewer than {BREACH_ROLES} roles with three forms owed: lateness is not judged.", ("IV-03",)
    share = f"{number(float(row.numerator or 0))} of {number(roles)} roles"
    if row.extra.get("breach"):
        return f"Feedback is late in {share}, more than the {BREACH_SHARE:.0%} the rule allows.", ("IV-01",)
    return f"Feedback is late in {share}, within the {BREACH_SHARE:.0%} the rule allows.", ("IV-02",)


def _notes(filters: Filters) -> tuple[Note, ...]:
    if not filters.source:
        return ()
    return (Note("warning", "The address also chooses a source. Feedback has none: this page does not follow it."),)


def _names(asked: Asked, metric_id: str, dimension: str) -> list[str]:
    return sorted((str(name) for name in asked.by(metric_id, dimension) if name is not None), key=str.casefold)


def _lateness(asked: Asked, level: str) -> Table:
    return Table(
        title="Lateness by department",
        caption=f"A role is late when the median of its feedback takes more than {number(LIMIT_DAYS)} business days. "
        f"Breach: more than {BREACH_SHARE:.0%} of at least {BREACH_ROLES} roles.",
        columns=(
            Column("forms", "Forms owed", "number", fold=True),
            Column("median", "Median, business days", "days"),
            Column("median_bar", "Tick = limit", "bullet", fold=True),
            Column("late", "Late forms", "rate", fold=True),
            Column("judged", "Roles", "number", fold=True),
            Column("roles", "Late roles", "rate"),
            Column("roles_bar", "0 to 60%, tick = 30%", "bullet", fold=True),
            Column("rule", "Rule", "text"),
        ),
        rows=tuple(_late_row(asked, level, name) for name in _names(asked, TURNAROUND, level)),
        note="Missing forms count at their age today",
        empty="No interview was held in this selection.",
        id="lateness",
        heading="Department",
    )


def _late_row(asked: Asked, level: str, name: str) -> TableRow:
    median, late, roles = (asked.of(metric_id, level, name) for metric_id in (TURNAROUND, LATE, ROLES))
    verdict = rule_of(roles)
    cells: dict[str, Cell] = {
        "forms": median.n,
        "median": median,
        "median_bar": Bullet(
            value_of(median),
            Unit.BUSINESS_DAYS,
            LIMIT_DAYS,
            full=_WIDEST_DAYS,
            status=judge(median, LIMIT_DAYS, Better.LOWER),
        ),
        "late": late,
        "judged": int(roles.denominator or roles.n),
        "roles": roles,
        "roles_bar": Bullet(
            value_of(roles),
            Unit.RATE,
            BREACH_SHARE,
            full=_WIDEST_SHARE,
            status="off" if verdict == "breach" else None,
            low=roles.low,
            high=roles.high,
        ),
        "rule": verdict,
    }
    return TableRow(name, name, cells)


def rule_of(roles: Row) -> str:
    """``breach`` exactly where the metric says so; exactly 30 % is none, and neither are fewer than 10 roles."""
    if int(roles.denominator or roles.n) < BREACH_ROLES:
        return "too few roles"
    return "breach" if roles.extra.get("breach") else "within"


def _waits(held: Asked, load: Asked, level: str, cap: float) -> Table:
    return Table(
        title="Waits and load by department",
        caption=f"Days from arranging an interview to its beginning; hours a week an interviewer holds, cap {cap:g}.",
        columns=(
            Column("held", "Held", "number", fold=True),
            Column("wait", "Wait, days", "days"),
            Column("hours", "Hours a week", "number"),
            Column("use", "Of capacity", "rate", fold=True),
        ),
        rows=tuple(
            TableRow(
                name,
                name,
                {
                    "held": held.of(HELD, level, name),
                    "wait": held.of(WAIT, level, name),
                    "hours": load.of(LOAD, level, name),
                    "use": load.of(USE, level, name),
                },
            )
            for name in _names(held, HELD, level)
        ),
        note="Load from five interviewers on",
        empty="No interview was held in this selection.",
        id="waits",
        heading="Department",
    )


def _people(ask: Questions, cap: float, page: int) -> tuple[Section, ...]:
    """Panel load and lateness by interviewer; too many names help nobody, so the page then says how to narrow."""
    try:
        load = ask.ask(LOAD, by=("interviewer",), most_groups=MOST_PEOPLE)
        everybody = _names(load, LOAD, "interviewer")
        late = ask.ask(LATE, by=("interviewer",), most_groups=2 * MOST_PEOPLE)
        pages = max(1, -(-len(everybody) // PAGE_SIZE))
        at = min(page, pages)
        names = everybody[(at - 1) * PAGE_SIZE : at * PAGE_SIZE]
        rows = tuple(_person(load, late, name, cap) for name in names)
        empty = "No interviewer can be named in this selection."
    except TooManyGroupsError as many:
        rows, pages, at = (), 1, 1
        empty = (
            f"{many.groups:,} people interviewed in this selection, too many for one table. "
            "Choose a department, a job family or a geography to see them."
        )
    table = Table(
        title="Interviewers",
        caption=f"In alphabetical order: people are not ranked. Cap {cap:g} hours a week, less on leave and holidays.",
        columns=(
            Column("weeks", "Weeks", "number", fold=True),
            Column("hours", "Hours a week", "number"),
            Column("bar", "Tick = cap", "bullet", fold=True),
            Column("over", "Weeks over cap", "number"),
            Column("forms", "Forms owed", "number", fold=True),
            Column("late", "Late forms", "rate"),
        ),
        rows=rows,
        note="Means and rates from 20 weeks or forms a person on; counts before",
        empty=empty,
        id="interviewers",
        heading="Interviewer",
    )
    if pages == 1:
        return (Section("interviewers", table),)
    return (Section("interviewers", table), Section("pages", _pages(ask.opened.filters, at, pages)))


def _pages(filters: Filters, at: int, pages: int) -> Switch:
    search = to_search(filters)
    more = f"{PATH}{search}{'&' if search else '?'}page="
    first = f"{PATH}{search}"
    return Switch(
        title="Page",
        caption=f"{PAGE_SIZE} interviewers a page.",
        name="page",
        choices=tuple(Choice(str(n), str(n), n == at, first if n == 1 else f"{more}{n}") for n in range(1, pages + 1)),
    )


def _person(load: Asked, late: Asked, name: str, cap: float) -> TableRow:
    hours, forms = load.of(LOAD, "interviewer", name), late.of(LATE, "interviewer", name)
    over = hours.extra.get("over_cap")
    return TableRow(
        name,
        name,
        {
            "weeks": hours.n,
            "hours": hours,
            "bar": Bullet(value_of(hours), Unit.HOURS, cap),
            "over": NOTHING if over is None else int(over),
            "forms": forms.n,
            "late": forms,
        },
    )
