"""Offers and pay: how offers end, and where accepted pay lies in its band, for those who may see pay.

A viewer without the class of pay gets a page without it: nothing of pay is asked, so nothing of it can be on the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.domain.consumers import Consumer, ConsumerKind
from services.domain.metric import Query, Row
from services.domain.people import ColumnClass, Viewer
from services.domain.phrases import listing
from services.domain.views import (
    Bullet,
    Cell,
    Column,
    Dot,
    DotPlot,
    Filters,
    Note,
    PageView,
    Section,
    Spread,
    Table,
    TableRow,
)
from services.domain.wording import FEW_COUNTS, FEW_GREY, HIDDEN, NOTHING, number, percent, span
from services.metrics import overview_parts as parts
from services.metrics.overview_tables import names_in, row_of
from services.metrics.pages.frame import Desk, Opened, chosen_words, figures, tiles
from services.metrics.registry import REGISTRY
from services.metrics.selection import Answers, Later
from services.metrics.sensitive import SMALLEST_PAY_CELL

PAGE, TITLE = "offers", "Offers and pay"
ACCEPTANCE = "offer_acceptance_rate"
UNDONE = ("offer_renege_rate", "offer_rescission_rate", "offer_no_show_rate")
TILES = (ACCEPTANCE, "offers_extended", "days_to_offer", "offer_renege_rate")
POSITION, SALARY = "offer_position_in_range", "offer_salary"
PAY = (POSITION, SALARY)
CONSUMER = Consumer(ConsumerKind.PAGE, PAGE, TITLE, frozenset((*TILES, *UNDONE, *PAY)))
ROLE, REGION = "job_family", "geography"
_ENDS = (
    ("accepted", "Accepted"),
    ("declined", "Declined"),
    ("candidate_withdrew", "Candidate withdrew"),
    ("expired", "Expired"),
)
BAND = (-0.25, 1.25)
"""Ends of the drawn scale: the band from 0 to 1 and a quarter of it on either side."""
MIDDLE = 0.5


@dataclass(frozen=True)
class _Asked:
    """Every question of the page, asked before the first answer is waited for."""

    figures: parts.Figures
    now: Answers
    by_department: Answers
    level: str
    pay: Mapping[str, Answers] | None
    """By what it is split; None = pay is not for this viewer."""


class OffersPage:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def view(self, filters: Filters, viewer: Viewer) -> PageView:
        """The page for ``viewer``. Raises RetryLaterError without a snapshot, and what the query layer raises."""
        with self._desk.opened(filters, viewer) as opened:
            asked = _ask(opened)
            is_empty = not asked.now["offers_extended"].one("offers_extended").value and asked.pay is None
            return PageView(
                id=PAGE,
                title=TITLE,
                subtitle=opened.subtitle,
                stamp=opened.stamp,
                filters=opened.filters,
                choices=opened.choices,
                lede=_nothing(opened) if is_empty else _lede(asked.now),
                rules=() if is_empty else ("OFF-01",),
                notes=(*opened.standing, *_notes(asked.now)),
                tiles=() if is_empty else tiles(opened, asked.figures, TILES),
                sections=() if is_empty else _sections(opened, asked),
                is_empty=is_empty,
                details=tuple(parts.detail_of(name) for name in (*TILES, *(PAY if asked.pay is not None else ()))),
                trust=(*opened.trust, *_trust(asked)),
            )


def _ask(opened: Opened) -> _Asked:
    level = "department" if opened.filters.department else "top_department"
    sees_pay = ColumnClass.COMPENSATION in opened.viewer.classes
    return _Asked(
        figures=figures(opened, TILES),
        now=opened.ask(*TILES, *UNDONE),
        by_department=opened.ask(ACCEPTANCE, by=(level,)),
        level=level,
        pay={split: _pay(opened, split) for split in (ROLE, REGION)} if sees_pay else None,
    )


def _pay(opened: Opened, split: str) -> Answers:
    """One of the fixed questions: a year that is over, one split. The page's filters would add others."""
    query = opened.selection.query
    later: dict[str, Later] = {
        POSITION: query.later(Query((POSITION,), (split,)), opened.viewer),
        SALARY: query.later(Query((SALARY,), (split, "currency")), opened.viewer),
    }
    return Answers(later)


def _nothing(opened: Opened) -> str:
    chosen = chosen_words(opened.choices) or "What you may see"
    return f"{chosen} had no offers from {opened.span}. Zero is a fact here, not missing data."


def _lede(now: Answers) -> str:
    """OFF-01: how the offers of the period ended, in counts."""
    row, extra = now[ACCEPTANCE].one(ACCEPTANCE), now[ACCEPTANCE].one(ACCEPTANCE).extra
    counts = {name: int(extra.get(name) or 0) for name in ("accepted", "pending", "rescinded")}
    sentence = f"{number(counts['accepted'])} of {number(row.n)} answered offers were accepted."
    rest = [
        words
        for words in (
            f"{number(counts['pending'])} wait for an answer" if counts["pending"] else "",
            f"{number(counts['rescinded'])} were taken back before one" if counts["rescinded"] else "",
        )
        if words
    ]
    return f"{sentence} {listing(tuple(rest))}, which the share leaves out." if rest else sentence


def _notes(now: Answers) -> tuple[Note, ...]:
    note = now[ACCEPTANCE].one(ACCEPTANCE).note or ""
    start = note.find("incomplete")
    return (Note("warning", f"Offer figures are {note[start:]}."),) if start >= 0 else ()


def _trust(asked: _Asked) -> tuple[str, ...]:
    small = "Small groups are hidden below 5 and not judged below 20"
    return (
        (small,) if asked.pay is None else (small, f"Pay is hidden below {SMALLEST_PAY_CELL} people, in every channel")
    )


def _sections(opened: Opened, asked: _Asked) -> tuple[Section, ...]:
    found = [
        Section("ends", ends_table(asked.now[ACCEPTANCE].one(ACCEPTANCE)), 6),
        Section("undone", undone_table(asked.now), 6),
        Section("acceptance", acceptance_dots(asked.by_department, asked.level, asked.now)),
    ]
    if asked.pay is not None:
        year = (opened.stamp.as_of.date() - timedelta(days=1)).year - 1
        roles, regions = asked.pay[ROLE], asked.pay[REGION]
        found += [
            Section("band-roles", band_table(roles, ROLE, year), 6),
            Section("band-regions", band_table(regions, REGION, year), 6),
            Section("pay-roles", salary_table(roles, ROLE, year), 6),
            Section("pay-regions", salary_table(regions, REGION, year), 6),
        ]
    return tuple(found)


# --- how offers end -------------------------------------------------------------------------------------------------

_END_COLUMNS = (
    Column("offers", "Offers", "number"),
    Column("share", "Share", "rate"),
    Column("bar", "0 to 100%", "bullet"),
)


def ends_table(row: Row) -> Table:
    """Each way an answered offer ended; a share of few is not shown."""
    counts = {name: int(row.extra.get(name) or 0) for name in (*dict(_ENDS), "pending", "rescinded")}
    answered = row.n
    has_share = answered >= FEW_COUNTS
    rows = []
    for name, label in _ENDS:
        share = counts[name] / answered if has_share else None
        cells: dict[str, Cell] = {
            "offers": number(counts[name]),
            "share": percent(share) if share is not None else NOTHING,
            "bar": Bullet(share, REGISTRY[ACCEPTANCE].unit, full=1.0),
        }
        rows.append(TableRow(key=name, label=label, cells=cells))
    return Table(
        title="How offers end",
        caption=f"{number(answered)} answered; {number(counts['rescinded'])} taken back by us before an answer and "
        f"{number(counts['pending'])} pending are not counted.",
        columns=_END_COLUMNS,
        rows=tuple(rows) if answered else (),
        note="All offers to one applicant are one chain; the last answer counts",
        empty="No offer of this period was answered.",
        id="ends",
        heading="End",
    )


_UNDONE_COLUMNS = (
    Column("offers", "Offers", "number"),
    Column("share", "Of accepted", "rate"),
    Column("interval", "95%", "rate", fold=True),
)
_UNDONE_LABELS = {
    "offer_renege_rate": "Undone by the candidate",
    "offer_rescission_rate": "Taken back by us",
    "offer_no_show_rate": "Did not come on the first day",
}


def undone_table(now: Answers) -> Table:
    """What happened between a yes and the first day: the acceptance rate is not rewritten by it."""
    rows = []
    accepted = 0
    for metric, label in _UNDONE_LABELS.items():
        row = now[metric].one(metric)
        accepted = row.n
        interval = span(row.low, row.high, row.unit) if row.low is not None and row.high is not None else NOTHING
        cells: dict[str, Cell] = {"offers": number(row.numerator or 0), "share": row, "interval": interval}
        rows.append(TableRow(key=metric, label=label, cells=cells))
    return Table(
        title="After the yes",
        caption="Accepted offers that did not become a first day. Each has a rate of its own.",
        columns=_UNDONE_COLUMNS,
        rows=tuple(rows) if accepted else (),
        note=f"n {number(accepted)} accepted",
        empty="No offer of this period was accepted.",
        id="undone",
        heading="What happened",
    )


def acceptance_dots(by_department: Answers, level: str, now: Answers) -> DotPlot:
    names = sorted(names_in(by_department.values(), level))
    dots = tuple(Dot(name, row_of(by_department, ACCEPTANCE, level, name)) for name in names)
    company = parts.value_of(now[ACCEPTANCE].one(ACCEPTANCE))
    told = [
        f"{dot.label} {percent(float(dot.row.value))}"
        + (f" ({span(dot.row.low, dot.row.high, dot.row.unit)})" if dot.row.low is not None and dot.row.high else "")
        for dot in dots
        if dot.row.value is not None
    ]
    whole = f" Together {percent(company)}." if company is not None else ""
    return DotPlot(
        title="Acceptance by department",
        caption="Share of answered offers that were accepted. Line: 95% interval.",
        heading="Department",
        unit=REGISTRY[ACCEPTANCE].unit,
        dots=dots,
        reference=company,
        reference_label="Together",
        finding=f"Offer acceptance by department, 95% interval: {', '.join(told)}.{whole}",
        note=f"Grey: n under {FEW_GREY}",
        empty=f"No department has {FEW_COUNTS} answered offers in this period.",
    )


# --- pay ------------------------------------------------------------------------------------------------------------

_HEADINGS = {ROLE: "Role", REGION: "Region"}
_BAND_COLUMNS = (
    Column("median", "Median", "number"),
    Column("quartiles", "Middle half", "number", fold=True),
    Column("band", "Band from lowest to highest, dashed = middle", "spread"),
    Column("n", "n", "number"),
)
_PAY_NOTE = (
    "Only your part of the company is in here. Filters do not apply: what a few people change would be somebody's pay"
)


def band_table(pay: Answers, split: str, year: int) -> Table:
    """Where accepted pay lies in its band. One word for empty and suppressed."""
    rows = []
    for row in pay[POSITION].of(POSITION):
        label = row.dims.get(split) or "Unknown"
        cells: dict[str, Cell] = {
            "median": _shown(row, 2),
            "quartiles": f"{number(row.p25, decimals=2)} to {number(row.p75, decimals=2)}"
            if row.p25 is not None and row.p75 is not None
            else HIDDEN,
            "band": Spread(
                parts.value_of(row),
                row.p25,
                row.p75,
                BAND,
                mark=MIDDLE,
                words=HIDDEN,
            ),
            "n": number(row.n) if row.value is not None else HIDDEN,
        }
        rows.append(TableRow(key=label, label=label, cells=cells))
    return Table(
        title=f"Where offers sit in the band, by {_HEADINGS[split].lower()}",
        caption=f"Accepted offers of {year}. 0 = lowest, 1 = highest of the band; dot = median, line = middle half.",
        columns=_BAND_COLUMNS,
        rows=tuple(rows),
        note=_PAY_NOTE,
        empty=HIDDEN,
        id=f"band-{split}",
        heading=_HEADINGS[split],
    )


_SALARY_COLUMNS = (
    Column("currency", "Currency"),
    Column("p25", "P25", "number", fold=True),
    Column("median", "Median", "number"),
    Column("p75", "P75", "number", fold=True),
    Column("n", "n", "number"),
)


def salary_table(pay: Answers, split: str, year: int) -> Table:
    """Accepted annual pay in its own currency; currencies are never mixed."""
    rows = []
    for row in pay[SALARY].of(SALARY):
        label, currency = row.dims.get(split) or "Unknown", row.dims.get("currency") or "Unknown"
        is_shown = row.value is not None
        cells: dict[str, Cell] = {
            "currency": currency,
            "p25": number(row.p25) if row.p25 is not None else HIDDEN,
            "median": _shown(row, 0),
            "p75": number(row.p75) if row.p75 is not None else HIDDEN,
            "n": number(row.n) if is_shown else HIDDEN,
        }
        rows.append(TableRow(key=f"{label} {currency}", label=label, cells=cells))
    return Table(
        title=f"Accepted pay, by {_HEADINGS[split].lower()}",
        caption=f"Full-time annual pay of offers accepted in {year}, rounded to 100.",
        columns=_SALARY_COLUMNS,
        rows=tuple(rows),
        note=f"Amounts are a year, in the currency of the contract. Hidden below {SMALLEST_PAY_CELL} people",
        empty=HIDDEN,
        id=f"pay-{split}",
        heading=_HEADINGS[split],
    )


def _shown(row: Row, decimals: int) -> str:
    return number(float(row.value), decimals=decimals) if row.value is not None else HIDDEN
