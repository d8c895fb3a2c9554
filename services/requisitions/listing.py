"""The list of requisitions within a reader's scope: filtered, searched, sorted and cut into pages by the mart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from services.access.policy import Action, Policy
from services.domain.filters import where
from services.domain.people import ColumnClass, Role, Viewer
from services.domain.periods import DEFAULT_PERIOD
from services.domain.requisition_pages import (
    CURRENT,
    ListSettings,
    RequisitionList,
    RequisitionRow,
)
from services.domain.views import Filters, Note, PageView, Section
from services.mart.constructs import CountIf, SecondsBetween
from services.mart.schema import (
    dim_requisition,
    fact_feedback,
    fact_seat,
    requisition_hold,
    requisition_status,
    requisition_stop,
)
from services.metrics.agreed_places import agreed_offices
from services.metrics.catalog import Catalog
from services.metrics.dimensions import DIMENSIONS
from services.metrics.estimators import to_grid
from services.metrics.names import StoreNames
from services.metrics.pages.frame import Desk, Opened, switched_off
from services.metrics.plan import Executor
from services.metrics.requisition_trace import requisition_title
from services.metrics.scope import within

PAGE_SIZE = 50
ENDED = ("filled", "cancelled", "closed")
LIVE = ("open", "on_hold")
URGENCIES = ("critical", "high", "normal", "low")
OFF = {
    "period": "the list shows how things stand in the batch, not a period.",
    "source": "a requisition has no source.",
}
_TENTHS = 10


Labels = Callable[[str | None], str | None]


class RequisitionListing:
    """``view`` makes the page. Answers are limited by the viewer's scope in every statement."""

    def __init__(self, reader: Executor, desk: Desk, policy: Policy) -> None:
        self._reader = reader
        self._desk = desk
        self._policy = policy
        self._names = StoreNames(desk.store)
        self._catalog: tuple[str, Catalog] | None = None
        self._lock = threading.Lock()

    def view(self, filters: Filters, settings: ListSettings, viewer: Viewer) -> PageView:
        """Raises ForbiddenError, and RetryLaterError while no snapshot is published."""
        self._policy.require(viewer, Action.REQUISITIONS_VIEW)
        with self._desk.opened(filters, viewer, off=("source",)) as opened:
            asked = self._asked(opened, settings)
            content = self._list(asked)
            return PageView(
                id="requisitions",
                title="Requisitions",
                subtitle=_subtitle(viewer, content),
                stamp=opened.stamp,
                filters=opened.filters,
                choices=opened.choices,
                notes=(*opened.standing, *_unfollowed(filters)),
                sections=(Section("requisitions", content),),
                trust=opened.trust,
            )

    def _asked(self, opened: Opened, settings: ListSettings) -> _Asked:
        viewer, catalog = opened.viewer, self._catalog_of(opened.stamp.snapshot)
        limits: list[sa.ColumnElement[bool]] = [
            dim_requisition.c[DIMENSIONS[name].column].in_(catalog.resolve(DIMENSIONS[name], values, viewer.scope))
            for name, values in where(opened.filters).items()
        ]
        reach = within(viewer.scope, dim_requisition, catalog.places(viewer.scope))
        if reach is not None:
            limits.append(reach)
        if settings.search:
            columns = dim_requisition.c
            limits.append(
                sa.or_(
                    *(
                        sa.func.lower(column).contains(settings.search.lower(), autoescape=True)
                        for column in (columns.title, columns.code, columns.external_id)
                    )
                )
            )
        as_of = opened.stamp.as_of.astimezone(UTC).replace(tzinfo=None)
        return _Asked(viewer, settings, as_of, opened.today, tuple(limits), catalog)

    def _catalog_of(self, snapshot: str) -> Catalog:
        with self._lock:
            if self._catalog is None or self._catalog[0] != snapshot:
                self._catalog = (snapshot, Catalog(self._reader, self._names))
            return self._catalog[1]

    def _list(self, asked: _Asked) -> RequisitionList:
        status = dim_requisition.c.status
        by_state = sa.select(status, sa.func.count()).where(*asked.limits).group_by(status)
        counts: dict[str, int] = {row[0]: row[1] for row in self._reader.execute(by_state)}
        states = _states(asked.settings.state)
        total = sum(count for state, count in counts.items() if states is None or state in states)
        page = min(asked.settings.page, max(1, -(-total // PAGE_SIZE)))
        settings = ListSettings(
            asked.settings.state, asked.settings.search, asked.settings.sort, asked.settings.descending, page
        )
        rows = self._reader.execute(_page(asked, states, page))
        return RequisitionList(
            rows=self._rows(asked, rows),
            total=total,
            settings=settings,
            page_size=PAGE_SIZE,
            counts=(
                (CURRENT, sum(counts.get(state, 0) for state in LIVE)),
                *((state, counts.get(state, 0)) for state in (*LIVE, *ENDED)),
                ("all", sum(counts.values())),
            ),
            shows_owners=asked.sees_people,
            shows_owed=asked.manages,
        )

    def _rows(self, asked: _Asked, rows: Sequence[tuple[Any, ...]]) -> tuple[RequisitionRow, ...]:
        found = [_Found._make(row) for row in rows]
        people = {key for row in found for key in (row.recruiter_id, row.hiring_manager_id) if key is not None}
        names = self._names.people(people) if asked.sees_people else {}
        departments = {str(row.department_id) for row in found if row.department_id is not None}
        labels = asked.catalog.labeller(DIMENSIONS["department"], departments)
        return tuple(_row(asked, row, names, labels) for row in found)


@dataclass(frozen=True)
class _Asked:
    viewer: Viewer
    settings: ListSettings
    as_of: datetime
    """Naive UTC."""
    today: date
    limits: tuple[sa.ColumnElement[bool], ...]
    catalog: Catalog

    @property
    def sees_people(self) -> bool:
        return ColumnClass.PERSON in self.viewer.classes

    @property
    def manages(self) -> bool:
        return Role.HIRING_MANAGER in self.viewer.roles and self.viewer.person_id is not None


def _states(state: str) -> tuple[str, ...] | None:
    if state == CURRENT:
        return LIVE
    return None if state == "all" else (state,)


class _Found(NamedTuple):
    """A row of the statement, in its order."""

    id: int
    code: str | None
    title: str | None
    status: str
    opened_at: datetime | None
    end_at: datetime
    held: int
    target_on: date | None
    urgency: str | None
    department_id: int | None
    region: str | None
    recruiter_id: int | None
    hiring_manager_id: int | None
    filled: int
    openings: int
    owed: int
    is_frozen: bool
    is_agreed: bool


def _page(asked: _Asked, states: Sequence[str] | None, page: int) -> sa.Select[Any]:
    one, as_of = dim_requisition.c, sa.literal(asked.as_of, sa.DateTime())
    last = _latest_status()
    end = _end(last, as_of)
    beside = {"held": _held(end, last), "seats": _seats(), "owed": _owed(asked), "frozen": _frozen(as_of)}
    found = _columns(asked, beside, end)
    keys: Mapping[str, Any] = {
        "title": sa.func.lower(sa.func.coalesce(one.title, one.code, "")),
        "status": one.status,
        "net": SecondsBetween(one.opened_at, end) - found.held,
        "gross": SecondsBetween(one.opened_at, end),
        "held": found.held,
        "target": one.target_on,
        "openings": found.openings - found.filled,
        "urgency": -sa.case(*((one.urgency == name, place) for place, name in enumerate(URGENCIES)), else_=2),
        "owed": found.owed,
    }
    statement = sa.select(*found).select_from(dim_requisition)
    for table in (last, *beside.values()):
        statement = statement.outerjoin(table, table.c.requisition_id == one.requisition_id)
    if states is not None:
        statement = statement.where(one.status.in_(states))
    ordered = statement.where(*asked.limits).order_by(*_order(asked, keys), one.requisition_id)
    return ordered.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)


def _columns(asked: _Asked, beside: Mapping[str, sa.Subquery], end: Any) -> Any:
    """The columns of ``_Found``, as a ``_Found`` of expressions."""
    one, agreed, seats = dim_requisition.c, asked.viewer.scope.agreed, beside["seats"]
    columns = (
        one.requisition_id,
        one.code,
        one.title,
        one.status,
        one.opened_at,
        end,
        sa.func.coalesce(beside["held"].c.seconds, 0),
        one.target_on,
        one.urgency,
        one.department_id,
        one.region,
        one.recruiter_id,
        one.hiring_manager_id,
        sa.func.coalesce(seats.c.filled, 0),
        sa.func.coalesce(seats.c.openings, 0),
        sa.func.coalesce(beside["owed"].c.owed, 0),
        beside["frozen"].c.requisition_id.is_not(None),
        sa.func.coalesce(one.office_id, 0).in_(agreed_offices(agreed)) if agreed.is_anywhere else sa.false(),
    )
    return _Found._make(columns)


def _end(last: sa.Subquery, as_of: Any) -> Any:
    """Where its clock ends: with its last status if that is an end, else at as-of."""
    one = dim_requisition.c
    ended = sa.func.greatest(last.c.from_at, one.opened_at)
    return sa.func.least(sa.case((one.status.in_(ENDED), ended), else_=as_of), as_of)


def _order(asked: _Asked, keys: Mapping[str, Any]) -> list[Any]:
    """Unknown values last, whichever way. The reader's own order: feedback owed first, then the longest running."""
    if not asked.settings.sort:
        longest = keys["net"].desc().nulls_last()
        return [keys["owed"].desc(), longest] if asked.manages else [longest]
    key = keys[asked.settings.sort]
    return [key.desc().nulls_last() if asked.settings.descending else key.asc().nulls_last()]


def _latest_status() -> sa.Subquery:
    status = requisition_status.c
    last = sa.select(status.requisition_id, sa.func.max(status.from_at).label("from_at"))
    return last.group_by(status.requisition_id).subquery("last_status")


def _held(end: Any, last: sa.Subquery) -> sa.Subquery:
    """Seconds between opening and end in which the clock stood still."""
    hold, one = requisition_hold.c, dim_requisition.c
    until = sa.func.least(sa.func.coalesce(hold.to_at, end), end)
    seconds = sa.func.greatest(0, SecondsBetween(sa.func.greatest(hold.from_at, one.opened_at), until))
    return (
        sa.select(hold.requisition_id, sa.func.sum(seconds).label("seconds"))
        .select_from(requisition_hold)
        .join(dim_requisition, one.requisition_id == hold.requisition_id)
        .outerjoin(last, last.c.requisition_id == one.requisition_id)
        .group_by(hold.requisition_id)
        .subquery("held")
    )


def _seats() -> sa.Subquery:
    seat = fact_seat.c
    counted = sa.select(
        seat.requisition_id,
        CountIf(seat.filled_at.is_not(None)).label("filled"),
        CountIf(sa.or_(seat.cancelled_at.is_(None), seat.filled_at.is_not(None))).label("openings"),
    )
    return counted.group_by(seat.requisition_id).subquery("seats")


def _owed(asked: _Asked) -> sa.Subquery:
    """Feedback this very reader owes; nobody else's is counted."""
    owed = fact_feedback.c
    mine = owed.interviewer_id == (asked.viewer.person_id if asked.manages else -1)
    due = sa.and_(owed.submitted_at.is_(None), owed.due_from_at <= asked.as_of)
    counted = sa.select(owed.requisition_id, sa.func.count().label("owed")).where(mine, due)
    return counted.group_by(owed.requisition_id).subquery("owed")


def _frozen(as_of: Any) -> sa.Subquery:
    stop = requisition_stop.c
    now = sa.and_(stop.from_at <= as_of, sa.or_(stop.to_at.is_(None), stop.to_at > as_of))
    return sa.select(stop.requisition_id).where(stop.kind == "freeze", now).distinct().subquery("frozen")


def _row(asked: _Asked, row: _Found, names: Mapping[int, str], departments: Labels) -> RequisitionRow:
    held = int(row.held or 0)
    gross = None if row.opened_at is None else max(0, int((row.end_at - row.opened_at).total_seconds()))
    places = (departments(str(row.department_id)) if row.department_id else None, row.region)
    people = {} if row.is_agreed else names
    return RequisitionRow(
        id=row.id,
        title=row.title or requisition_title(row.code, row.title, row.id),
        code=row.code or "",
        state=row.status,
        is_frozen=bool(row.is_frozen) and row.status == "open",
        net_days=None if gross is None else to_grid(gross - held) / _TENTHS,
        gross_days=None if gross is None else to_grid(gross) / _TENTHS,
        held_days=None if gross is None else to_grid(held) / _TENTHS,
        target_on=row.target_on,
        is_late=is_late(row.target_on, row.status, asked.today, row.end_at),
        filled=row.filled,
        openings=row.openings,
        urgency=row.urgency or "",
        place=", ".join(part for part in places if part),
        recruiter=people.get(row.recruiter_id or 0, ""),
        hiring_manager=people.get(row.hiring_manager_id or 0, ""),
        owed=row.owed,
    )


def is_late(target: date | None, state: str, today: date, end: datetime) -> bool:
    """Past its target date while it is open or held, or filled after it."""
    if target is None or state in {"cancelled", "closed", "draft", "approved"}:
        return False
    return (end.date() if state == "filled" else today) > target


def _unfollowed(filters: Filters) -> tuple[Note, ...]:
    """Only where something is set that the list does not follow: its caption says the rest."""
    return switched_off(filters, OFF) if filters.source or filters.period != DEFAULT_PERIOD else ()


def _subtitle(viewer: Viewer, content: RequisitionList) -> str:
    current = dict(content.counts)[CURRENT]
    whose = "Yours" if viewer.scope.hiring_manager_id or viewer.scope.recruiter_id else "Everything you may see"
    return f"{whose}, {current:,} open or on hold"
