"""The quarantine as people browse it: by page, filtered, and one record without what nobody needs for repairing it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from services.access.policy import Action, Policy
from services.audit.log import AuditLog
from services.domain.data_health import QuarantinedDetail, QuarantineFilter, QuarantineLine, QuarantineView
from services.domain.errors import NotFoundError
from services.domain.people import Viewer
from services.store.database import Store
from services.store.tables import QuarantineRow

PAGE_SIZE = 20
LONGEST_WORD = 100
LAST_PAGE = 100_000
MOST_VALUES = 200
NO_RECORD = "There is no such record in quarantine."

_SHOWN_NAME = re.compile(r"^(id|status|state|stage|resource|type|active)$|_(id|at|on|date)$")
_SHOWN_VALUE = re.compile(r"^[\w .:+/-]{0,40}$")
_SENSITIVE = re.compile(
    r"gender|race|ethnic|veteran|disab|salar|amount|pay|bonus|equity|compens|mail|name|phone|demograph|eeoc|answer",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_ADDRESS = re.compile(r"[^\s'\"<>]+@[^\s'\"<>]+")


class QuarantinePage:
    def __init__(self, store: Store, policy: Policy, audit: AuditLog) -> None:
        self._store = store
        self._policy = policy
        self._audit = audit

    def view(self, viewer: Viewer, wanted: Mapping[str, Sequence[str]]) -> QuarantineView:
        """What waits, the newest first; a page that does not exist is the nearest that does. Raises ForbiddenError."""
        self._policy.require(viewer, Action.DATA_HEALTH_RECORDS)
        chosen = parse_filter(wanted)
        table = QuarantineRow
        waits = table.state == "open"
        where = and_(waits, *_conditions(chosen))
        with self._store.read() as connection:
            total = connection.scalar(select(func.count()).select_from(table).where(where)) or 0
            page = min(chosen.page, max(1, -(-total // PAGE_SIZE)))
            query = select(*_COLUMNS).where(where).order_by(table.id.desc())
            rows = connection.execute(query.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)).all()
            systems = connection.scalars(select(table.source_system).where(waits).distinct()).all()
            fields = connection.scalars(select(table.field).where(waits, table.field.is_not(None)).distinct()).all()
        return QuarantineView(
            lines=tuple(_line(row) for row in rows),
            total=total,
            page_size=PAGE_SIZE,
            chosen=QuarantineFilter(chosen.system, chosen.field, chosen.search, page),
            systems=tuple(sorted(systems)),
            fields=tuple(sorted(name for name in fields if name)),
        )

    def detail(self, viewer: Viewer, number: str) -> QuarantinedDetail:
        """One record; that it was looked at is noted. ``number`` is hostile. Raises NotFoundError, ForbiddenError."""
        self._policy.require(viewer, Action.DATA_HEALTH_RECORDS)
        if not (number.isascii() and number.isdigit() and len(number) <= len(str(10**15))):
            raise NotFoundError(NO_RECORD)
        query = select(*_COLUMNS, QuarantineRow.state, QuarantineRow.payload).where(QuarantineRow.id == int(number))
        with self._store.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFoundError(NO_RECORD)
        with self._store.write() as connection:
            self._audit.append(connection, viewer.email, "quarantine.viewed", f"quarantine:{row.id}")
        return QuarantinedDetail(_line(row), row.state, visible_values(row.payload))


_COLUMNS = (
    QuarantineRow.id,
    QuarantineRow.source_system,
    QuarantineRow.resource,
    QuarantineRow.file,
    QuarantineRow.record,
    QuarantineRow.field,
    QuarantineRow.reason,
    QuarantineRow.seen_at,
)

_PLACES = (QuarantineRow.file, QuarantineRow.resource)


def parse_filter(wanted: Mapping[str, Sequence[str]]) -> QuarantineFilter:
    """Hostile input: what cannot be meant is left out."""

    def word(name: str) -> str:
        value = next(iter(wanted.get(name, ())), "")
        return value.strip() if len(value) <= LONGEST_WORD and value.isprintable() else ""

    number = word("page")
    page = int(number) if number.isascii() and number.isdigit() and len(number) <= len(str(LAST_PAGE)) else 1
    return QuarantineFilter(word("system"), word("field"), word("q"), max(1, page))


def _conditions(chosen: QuarantineFilter) -> list[ColumnElement[bool]]:
    table = QuarantineRow
    found: list[ColumnElement[bool]] = []
    if chosen.system:
        found.append(table.source_system == chosen.system)
    if chosen.field:
        found.append(table.field == chosen.field)
    if chosen.search:
        low = chosen.search.lower()
        # not in what is not shown (a reason's quotes, a person's address): a search would tell it letter by letter
        is_shown = and_(func.lower(table.record).contains(low, autoescape=True), ~table.record.contains("@"))
        found.append(or_(is_shown, *(func.lower(one).contains(low, autoescape=True) for one in _PLACES)))
    return found


def _line(row: Any) -> QuarantineLine:
    return QuarantineLine(
        id=row.id,
        system=row.source_system,
        resource=row.resource,
        file=row.file,
        record=_ADDRESS.sub("(an address)", row.record),
        field=row.field or "",
        reason=visible_reason(row.resource, row.field or "", row.reason),
        seen_at=row.seen_at,
    )


def visible_reason(resource: str, field: str, reason: str) -> str:
    """Why, without the value itself where it says something of a person."""
    if _SENSITIVE.search(field) or _SENSITIVE.search(resource) or resource.startswith("offer"):
        reason = _QUOTED.sub("a value", reason)
    return _ADDRESS.sub("(an address)", reason)


def visible_values(payload: str) -> tuple[tuple[str, str, bool], ...]:
    """Names of a record's values; the values themselves only where they are keys, dates and states."""
    try:
        record = json.loads(payload)
    except ValueError:
        return (("record", f"withheld, {len(payload):,} characters that are no whole record", False),)
    if not isinstance(record, dict):
        return (("record", f"withheld, {_kind(record)}", False),)
    return tuple(_shown(str(name), value) for name, value in list(record.items())[:MOST_VALUES])


def _shown(name: str, value: object) -> tuple[str, str, bool]:
    if value is None or value == "":
        return name, "empty", True
    plain = isinstance(value, (str, int)) and not isinstance(value, bool)
    if isinstance(value, bool):
        value, plain = ("yes" if value else "no"), True
    safe = plain and _SHOWN_NAME.search(name) and not _SENSITIVE.search(name) and _SHOWN_VALUE.match(str(value))
    return (name, str(value), True) if safe else (name, f"withheld, {_kind(value)}", False)


def _kind(value: object) -> str:
    if isinstance(value, str):
        return f"{len(value):,} characters"
    if isinstance(value, (list, dict)):
        return f"{len(value):,} parts"
    return "a number"
