"""Recruiters by name: what they carry and which hires are credited to them. No ranking and no comparison of people.

Order is the name, or the open seats where the reader wants to see who carries most; never a result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from urllib.parse import urlencode

from services.access.policy import Action, Policy
from services.domain.consumers import Consumer, ConsumerKind
from services.domain.errors import ForbiddenError
from services.domain.filters import to_search
from services.domain.metric import Attribution
from services.domain.people import ColumnClass, Viewer
from services.domain.team_views import Choice, Switch
from services.domain.views import Column, Filters, Note, PageView, Section, Table, TableRow
from services.domain.wording import number
from services.metrics.attribution import PARTS, displayed
from services.metrics.names import StoreNames
from services.metrics.pages.frame import Desk
from services.reporting.definitions.subjects import Snapshots, Subject, Subjects
from services.reporting.pages.questions import Asked, Questions, attribution_of, page_number
from services.reporting.pages.recruiter import HIRES, MODELS, attribution_switch

CONSUMER = Consumer(
    ConsumerKind.PAGE, "recruiters", "Recruiters", frozenset((HIRES, "open_requisitions", "open_seats"))
)
"""Every metric the page asks."""
PAGE_SIZE = 50
ORDERS = {"name": "By name", "load": "By open seats"}
PATH = "/recruiters"


class RecruitersPage:
    """Safe for threads."""

    def __init__(self, desk: Desk, policy: Policy, snapshots: Snapshots) -> None:
        self._desk = desk
        self._policy = policy
        self._snapshots = snapshots
        self._subjects = Subjects(snapshots, StoreNames(desk.store), policy)

    def view(self, filters: Filters, query: Mapping[str, Sequence[str]], viewer: Viewer) -> PageView:
        """``query`` (hostile) may name ``attribution``, ``order`` and ``page``.

        Raises ForbiddenError without the action and the class of single people.
        """
        self._policy.require(viewer, Action.RECRUITERS_VIEW)
        if ColumnClass.PERSON not in viewer.classes:
            raise ForbiddenError("Your role does not include figures of single people. Teams has those of departments.")
        model, order = attribution_of(query), _order(query)
        with self._desk.opened(filters, viewer) as opened, self._snapshots.hold():
            ask = Questions(opened)
            standing = ask.standing("open_requisitions", "open_seats", by=("recruiter",))
            credits_ = ask.ask(HIRES, by=("recruiter",), attribution=model)
            hires = ask.ask(HIRES).row(HIRES)
            links = {subject.name: f"{PATH}/{subject.id}" for subject in self._known(viewer)}
            table, pages = _table(standing, credits_, model, _Shown(order, page_number(query), links))
            address = _Address(opened.filters, model, order)
            sections = [
                Section("attribution", attribution_switch(model, PATH, opened.filters), 6),
                Section("order", _order_switch(address), 6),
                Section("recruiters", table),
            ]
            if pages > 1:
                sections.append(Section("pages", _pages(address, min(page_number(query), pages), pages)))
            return PageView(
                id="recruiters",
                title="Recruiters",
                subtitle=opened.subtitle,
                stamp=opened.stamp,
                filters=opened.filters,
                choices=opened.choices,
                notes=(*opened.standing, *_notes(viewer, credits_, hires.value)),
                sections=tuple(sections),
                trust=(*opened.trust, "Counts only; results stand on each person's own page, beside the same mix"),
            )

    def _known(self, viewer: Viewer) -> Sequence[Subject]:
        return self._subjects.everybody("recruiter_id", viewer)


def sum_of_credits(asked: Asked) -> Fraction:
    """All credits together, people whose name is unknown included."""
    return sum((Fraction(int(row.numerator or 0), PARTS) for row in asked.rows(HIRES)), Fraction(0))


@dataclass(frozen=True)
class _Shown:
    order: str
    page: int
    links: Mapping[str, str]
    """Own pages by name; who has had no role lately has none."""


def _table(standing: Asked, credits_: Asked, model: Attribution, shown: _Shown) -> tuple[Table, int]:
    """The asked page of the table, and how many pages there are."""
    roles, seats = standing.by("open_requisitions", "recruiter"), standing.by("open_seats", "recruiter")
    parts = {
        str(row.dims["recruiter"]): Fraction(int(row.numerator or 0), PARTS)
        for row in credits_.rows(HIRES)
        if row.dims.get("recruiter") is not None
    }
    credit = displayed(parts)
    names = sorted({str(name) for name in (*roles, *seats) if name is not None} | set(parts), key=str.casefold)
    if shown.order == "load":
        names.sort(key=lambda name: -(seats[name].value or 0) if name in seats else 0)
    pages = max(1, -(-len(names) // PAGE_SIZE))
    first = (min(shown.page, pages) - 1) * PAGE_SIZE
    rows = tuple(
        TableRow(
            name,
            name,
            {
                "roles": int(roles[name].value or 0) if name in roles else 0,
                "seats": int(seats[name].value or 0) if name in seats else 0,
                "credit": number(float(credit.get(name, Fraction(0))), decimals=2),
            },
            href=shown.links.get(name),
        )
        for name in names[first : first + PAGE_SIZE]
    )
    together = number(float(sum(parts.values(), Fraction(0))), decimals=2)
    counted = f"{first + 1}–{first + len(rows)} of {number(len(names))}; " if pages > 1 else ""
    table = Table(
        title="Recruiters",
        caption=f"{MODELS[model][1]}. People are not ranked.",
        columns=(
            Column("roles", "Open roles", "number"),
            Column("seats", "Open seats", "number"),
            Column("credit", "Hires credited", "number"),
        ),
        rows=rows,
        note=f"{counted}credits of all add up to {together}",
        empty="No recruiter has roles or hires in this selection. Reset the filters to see all.",
        id="recruiters",
        heading="Recruiter",
    )
    return table, pages


@dataclass(frozen=True)
class _Address:
    filters: Filters
    model: Attribution
    order: str

    def to(self, *, order: str | None = None, page: int = 1) -> str:
        pairs = [("attribution", self.model.value)] if self.model is not Attribution.PRIMARY else []
        wanted = order or self.order
        pairs += [("order", wanted)] if wanted != "name" else []
        pairs += [("page", str(page))] if page > 1 else []
        search = to_search(self.filters)
        more = urlencode(pairs)
        joint = "&" if search and more else "?" if more else ""
        return f"{PATH}{search}{joint}{more}"


def _order_switch(address: _Address) -> Switch:
    return Switch(
        title="Order",
        caption="By name, or by what people carry. Results are no order.",
        name="order",
        choices=tuple(
            Choice(name, words, name == address.order, address.to(order=name)) for name, words in ORDERS.items()
        ),
    )


def _pages(address: _Address, at: int, pages: int) -> Switch:
    return Switch(
        title="Page",
        caption=f"{PAGE_SIZE} people a page.",
        name="page",
        choices=tuple(Choice(str(n), str(n), n == at, address.to(page=n)) for n in range(1, pages + 1)),
    )


def _order(query: Mapping[str, Sequence[str]]) -> str:
    named = next(iter(query.get("order", ())), "name")
    return named if named in ORDERS else "name"


def _notes(viewer: Viewer, credits_: Asked, hires: float | None) -> tuple[Note, ...]:
    """Where credits do not reach the hires the page says why."""
    total, whole = sum_of_credits(credits_), Fraction(int(hires or 0))
    if total == whole:
        return ()
    reason = (
        "hires of places with a works agreement are credited to nobody by name"
        if viewer.scope.agreed.is_anywhere
        else "hires of roles that never had a recruiter are credited to nobody"
    )
    words = f"{number(float(total), decimals=2)} of {number(float(whole))} hires are credited: {reason}."
    return (Note("info", words),)
