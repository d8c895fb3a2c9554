"""One recruiter's page: own figures beside what the same mix of work usually takes, credits, sources, and waits.

Nobody is ranked. A figure of somebody else needs 20 resolved cases (below it only counts are shown); one's own follow
the general rule. Where a works agreement is in force only the person opens this page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from fractions import Fraction

import sqlalchemy as sa

from services.access.policy import Action, Policy
from services.domain.consumers import Consumer, ConsumerKind
from services.domain.errors import ForbiddenError
from services.domain.filters import to_search
from services.domain.intervals import interval
from services.domain.metric import Attribution, Reason, Row, Unit
from services.domain.people import Viewer
from services.domain.team_views import Choice, Expected, ExpectedRow, Switch
from services.domain.views import (
    Bullet,
    Cell,
    Column,
    Filters,
    Note,
    PageView,
    Section,
    Table,
    TableRow,
    Tile,
)
from services.domain.wording import is_judged, number, percent, sample
from services.mart.schema import dim_person
from services.metrics.agreed_places import agreed_offices
from services.metrics.attribution import PARTS, displayed
from services.metrics.names import StoreNames
from services.metrics.overview_parts import value_of
from services.metrics.pages.frame import Desk, Opened
from services.metrics.question import midnight
from services.metrics.registry import REGISTRY
from services.reporting.definitions.subjects import Snapshots, Subject, Subjects
from services.reporting.definitions.waiting import Waiting, waiting
from services.reporting.pages.questions import Asked, Questions, details, trend_of

FILL, ACCEPTANCE, HIRES, LATE, NPS = (
    "time_to_fill",
    "offer_acceptance_rate",
    "hires",
    "feedback_late_rate",
    "candidate_nps",
)
TILES = (FILL, ACCEPTANCE, HIRES, LATE)
CONSUMER = Consumer(
    ConsumerKind.PAGE,
    "recruiter",
    "Recruiter",
    frozenset((*TILES, NPS, "applications", "source_conversion", "open_requisitions", "open_seats")),
)
"""Every metric the page asks."""
MODELS = {
    Attribution.PRIMARY: ("Last owner", "A hire is whole with whoever held the role when the offer was accepted"),
    Attribution.SPLIT: ("Split by time", "A hire is shared by the time each person held the role, holds left out"),
    Attribution.HANDOVER: (
        "Hand-over",
        "A hire is the last owner's; a clock runs for each owner only while the role was theirs",
    ),
}


@dataclass(frozen=True)
class _Page:
    """What is asked for, resolved."""

    who: Subject
    questions: Questions
    model: Attribution
    path: str

    @property
    def opened(self) -> Opened:
        return self.questions.opened

    @property
    def is_own(self) -> bool:
        return self.opened.viewer.person_id == int(self.who.id)

    @property
    def clock_model(self) -> Attribution:
        """A clock cannot be cut into shares: split credits go with the last owner's clocks."""
        return Attribution.PRIMARY if self.model is Attribution.SPLIT else self.model


class RecruiterPage:
    """Safe for threads."""

    def __init__(self, desk: Desk, policy: Policy, snapshots: Snapshots) -> None:
        self._desk = desk
        self._policy = policy
        self._snapshots = snapshots
        self._subjects = Subjects(snapshots, StoreNames(desk.store), policy)

    def view(
        self, recruiter: str, filters: Filters, model: Attribution, viewer: Viewer, path: str | None = None
    ) -> PageView:
        """``recruiter`` is a person's id as text, hostile; ``path`` where the page's own links lead.

        Raises NotFoundError for nobody, for somebody without requisitions and outside the scope alike, ForbiddenError
        without the action or where a works agreement keeps figures of single people to themselves.
        """
        self._policy.require(viewer, Action.RECRUITERS_VIEW_OWN)
        with self._desk.opened(filters, viewer) as opened, self._snapshots.hold():
            who = self._subjects.one("recruiter_id", recruiter, viewer)
            if viewer.person_id != int(who.id):
                self._policy.require(viewer, Action.RECRUITERS_VIEW)
                self._require_no_agreement(int(who.id), viewer)
            about = {"recruiter": (f"{who.name} ({who.id})",)}
            page = _Page(who, Questions(opened, about), model, path or f"/recruiters/{who.id}")
            return self._view(page)

    def _require_no_agreement(self, person_id: int, viewer: Viewer) -> None:
        agreed = viewer.scope.agreed
        if not agreed.is_anywhere:
            return
        inside = sa.select(dim_person.c.person_id).where(
            dim_person.c.person_id == person_id, dim_person.c.calendar_id.in_(agreed_offices(agreed))
        )
        if self._snapshots.execute(inside):
            raise ForbiddenError(
                "A works agreement is in force where this person works: figures of single people are shown to "
                "themselves alone. Teams has the figures of departments."
            )

    def _view(self, page: _Page) -> PageView:
        opened, ask = page.opened, page.questions
        tiles = _tiles(page)
        standing = ask.standing("open_requisitions", "open_seats")
        credits_, hires = ask.ask(HIRES, by=("requisition",), attribution=page.model), _hires(page)
        sources = ask.ask("applications", "source_conversion", HIRES, by=("source",), period=ask.year)
        heard = ask.ask(NPS, period=ask.year)
        lede, rules = write_lede(page, tiles, standing.row("open_requisitions"))
        experience = experience_table(heard.row(NPS))
        credited = next(tile for tile in tiles if tile.metric_id == HIRES)
        return PageView(
            id="recruiter",
            title=page.who.name,
            subtitle=f"{_open_words(standing.row('open_requisitions'))}; {opened.subtitle}",
            stamp=opened.stamp,
            filters=opened.filters,
            choices=opened.choices,
            lede=lede,
            rules=rules,
            notes=(*opened.standing, *_notes(page)),
            tiles=tiles,
            sections=(
                Section("attribution", attribution_switch(page.model, page.path, opened.filters), 12),
                Section("expected", expected_section(tiles), 7),
                Section("waiting", self._waiting(page), 5),
                Section("credits", credits_table(credits_, hires, page.model), 7),
                Section(
                    "hires",
                    trend_of(
                        credited,
                        ask.months,
                        "Hires credited by month",
                        f"{MODELS[page.model][1]}. Twelve months.",
                    ),
                    5,
                ),
                Section("sources", sources_table(sources), 7 if experience else 12),
                *((Section("experience", experience, 5),) if experience else ()),
            ),
            details=details(TILES),
            trust=(
                *opened.trust,
                "Figures of one person from 20 resolved cases, counts before; nobody is ranked"
                if not page.is_own
                else "Your own figures from 10 cases, judged from 20; nobody is ranked",
            ),
        )

    def _waiting(self, page: _Page) -> Table:
        period, as_of = page.opened.period, page.opened.stamp.as_of
        start = midnight(period.start, "UTC").replace(tzinfo=UTC)
        end = min(as_of, midnight(period.end, "UTC").replace(tzinfo=UTC))
        if start >= end:
            return waiting_table(Waiting(0, 0, 0, 0), page.opened.span)
        waits = waiting(self._snapshots, "recruiter_id", int(page.who.id), page.opened.viewer, interval(start, end))
        return waiting_table(waits, page.opened.span)


def _tiles(page: _Page) -> tuple[Tile, ...]:
    ask = page.questions
    return (
        ask.tile(FILL, attribution=page.clock_model, expected=True),
        ask.tile(ACCEPTANCE, expected=True),
        ask.tile(HIRES, "Hires credited", attribution=page.model),
        ask.tile(LATE, "Late feedback on these roles", expected=True),
    )


def _hires(page: _Page) -> Asked:
    """Whole hires of the requisitions, whoever held them: asked without the person."""
    everybody = Questions(page.opened)
    return everybody.ask(HIRES, by=("requisition",))


def _open_words(row: Row) -> str:
    count = int(row.value or 0)
    return f"{number(count)} open {'role' if count == 1 else 'roles'}"


def _notes(page: _Page) -> tuple[Note, ...]:
    if page.opened.filters.source:
        words = "A requisition has no source: time to fill, feedback and open roles are shown for all sources."
        return (Note("info", words),)
    return ()


# --- words ------------------------------------------------------------------------------------------------------------


def write_lede(page: _Page, tiles: Sequence[Tile], open_roles: Row) -> tuple[str, tuple[str, ...]]:
    """RP-01 what is open, RP-02 or RP-03 against the same mix of work."""
    whose = "You have" if page.is_own else f"{page.who.name} has"
    sentences = [("RP-01", f"{whose} {_open_words(open_roles)}.")]
    clear = [words for tile in tiles if (words := _against_mix(tile))]
    if clear:
        sentences += [("RP-02", words) for words in clear]
    elif any("ratio" in tile.row.extra for tile in tiles):
        sentences.append(("RP-03", "Nothing differs clearly from what the same mix of work usually takes."))
    rules = tuple(dict.fromkeys(rule for rule, _ in sentences))
    return " ".join(words for _, words in sentences), rules


def _against_mix(tile: Tile) -> str:
    """Only where the interval of observed over expected leaves 1 out, and there are cases enough to judge."""
    extra = tile.row.extra
    low, high = extra.get("ratio_low"), extra.get("ratio_high")
    if low is None or high is None or low <= 1 <= high or not is_judged(tile.row):
        return ""
    ratio = float(extra["ratio"] or 0)
    more = "above" if ratio > 1 else "below"
    what = "Seats were filled" if tile.metric_id == FILL else f"{tile.title} is"
    if tile.metric_id == FILL:
        return f"{what} at {number(ratio, decimals=2)} times the rate these roles usually have."
    return f"{what} {more} what the same mix of work usually gives ({number(ratio, decimals=2)} times)."


# --- parts ------------------------------------------------------------------------------------------------------------


def attribution_switch(model: Attribution, path: str, filters: Filters) -> Switch:
    """The model is in the address; figures that know no model stay as they are."""
    return Switch(
        title="Whose a hire is",
        caption=f"{MODELS[model][1]}. Time to fill cannot be shared: with “Split by time” it is the last owner's.",
        name="attribution",
        choices=tuple(
            Choice(one.value, words, one is model, _address(path, filters, one)) for one, (words, _) in MODELS.items()
        ),
    )


def _address(path: str, filters: Filters, model: Attribution) -> str:
    search = to_search(filters)
    if model is Attribution.PRIMARY:
        return f"{path}{search}"
    return f"{path}{search}{'&' if search else '?'}attribution={model.value}"


def expected_section(tiles: Sequence[Tile]) -> Expected:
    """Observed over expected with its interval, one line a figure, on one scale."""
    rows = [
        ExpectedRow(
            label=tile.title,
            observed=_events(tile, "observed"),
            expected=_events(tile, "expected"),
            ratio=_ratio(tile.row, "ratio"),
            low=_ratio(tile.row, "ratio_low"),
            high=_ratio(tile.row, "ratio_high"),
            n=sample(tile.row),
            why="" if "ratio" in tile.row.extra else "fewer than 20 cases: nothing is compared",
        )
        for tile in tiles
        if tile.metric_id != HIRES
    ]
    return Expected(
        title="Against the same mix of work",
        caption="Expected: the company's rate without this person, in the same job families, levels and countries. "
        "1 = as expected; line = 95% interval. For time to fill: seats filled.",
        rows=tuple(rows),
        note="Job family × level × country, pooled upward below 20 cases",
    )


def _events(tile: Tile, name: str) -> str:
    value = tile.row.extra.get(name)
    if value is None:
        return ""
    return number(value, decimals=1) if tile.metric_id == FILL else percent(float(value))


def _ratio(row: Row, name: str) -> float | None:
    value = row.extra.get(name)
    return None if value is None else float(value)


def waiting_table(waits: Waiting, span: str) -> Table:
    """X7: days on which a requisition stood still for others."""
    rows = (
        ("manager", "Hiring manager's feedback", waits.manager_days, "owed by the hiring manager"),
        ("feedback", "Feedback of anybody", waits.feedback_days, "the hiring manager's included"),
        ("hold", "Hold or freeze", waits.hold_days, ""),
        ("candidate", "Candidate's answer", waits.candidate_days, "an offer was out"),
    )
    open_days = waits.open_days
    return Table(
        title="Not in your hands",
        caption=f"Of {number(open_days)} requisition-days, {span}, those that waited for others.",
        columns=(
            Column("days", "Days", "number"),
            Column("bar", "Of all days", "bullet", fold=True),
            Column("share", "Share", "share"),
        ),
        rows=tuple(
            TableRow(
                key,
                name,
                {
                    "days": round(days, 1),
                    "bar": Bullet(days, Unit.DAYS, full=open_days),
                    "share": _share(days, open_days),
                },
                detail=detail,
            )
            for key, name, days, detail in rows
        )
        if open_days > 0
        else (),
        note="Days count once a requisition; waits may overlap, a hold is no other wait. All roles, whatever the "
        "filters but the period",
        empty="No requisition was open in this period.",
        id="waiting",
        heading="Waiting for",
    )


def _share(days: float, open_days: float) -> str:
    return percent(days / open_days)


def credits_table(own: Asked, whole: Asked, model: Attribution) -> Table:
    """The person's part of each hire beside the others' part; shown parts add up to the hires of the role."""
    hires = whole.by(HIRES, "requisition")
    rows = []
    total, everything = Fraction(0), Fraction(0)
    for row in own.rows(HIRES):
        name = row.dims.get("requisition")
        mine = Fraction(int(row.numerator or 0), PARTS)
        if name is None or not mine:
            continue
        of = max(Fraction(int(hires[name].value or 0)) if name in hires else mine, mine)
        shown = displayed({"mine": mine, "others": of - mine})
        total, everything = total + mine, everything + of
        cells: dict[str, Cell] = {
            "mine": number(float(shown["mine"]), decimals=2),
            "others": number(float(shown["others"]), decimals=2),
            "hires": number(float(of)),
        }
        rows.append(TableRow(name, name, cells))
    rows.sort(key=lambda row: row.label)
    if rows:
        both = displayed({"mine": total, "others": everything - total})
        cells = {
            "mine": number(float(both["mine"]), decimals=2),
            "others": number(float(both["others"]), decimals=2),
            "hires": number(float(everything)),
        }
        rows.append(TableRow("total", "Together", cells))
    return Table(
        title="Hires and their parts",
        caption=f"{MODELS[model][1]}. Own part and the others' add up to the hires.",
        columns=(
            Column("mine", "Own part", "number"),
            Column("others", "Others' part", "number"),
            Column("hires", "Hires", "number"),
        ),
        rows=tuple(rows),
        note=f"Attribution: {MODELS[model][0].lower()}",
        empty="No hire of this period is credited here.",
        id="credits",
        heading="Role",
    )


def sources_table(asked: Asked) -> Table:
    """Twelve months, largest first: a source is judged by what became of its applications, and that takes time."""
    applied, hires = asked.by("applications", "source"), asked.by(HIRES, "source")
    conversion = asked.by("source_conversion", "source")
    names = sorted(applied, key=lambda name: (-(applied[name].value or 0), name or ""))
    rows = []
    for name in names:
        if not applied[name].value:
            continue
        rate = conversion.get(name)
        rows.append(
            TableRow(
                str(name),
                name or "Source unknown",
                {
                    "applications": applied[name],
                    "hires": hires.get(name),
                    "rate": rate,
                    "bar": Bullet(
                        value_of(rate), Unit.RATE, low=rate.low if rate else None, high=rate.high if rate else None
                    ),
                },
            )
        )
    return Table(
        title="Sources",
        caption="Applications of twelve months: share hired within 120 days, people still in process counted.",
        columns=(
            Column("applications", "Applications", "number"),
            Column("hires", "Hires", "number", fold=True),
            Column("rate", "Hired", "rate"),
            Column("bar", "Share, line = 95%", "bullet", fold=True),
        ),
        rows=tuple(rows),
        note="Sources differ in the roles they serve: a difference is no proof of cause",
        empty="No application came in during these twelve months.",
        id="sources",
        heading="Source",
    )


def experience_table(row: Row) -> Table | None:
    """What candidates answered; None while no survey was ever loaded."""
    if row.reason is Reason.NOT_LOADED:
        return None
    delivered, answers = row.extra.get("delivered") or 0, row.extra.get("answers") or 0
    return Table(
        title="Candidate experience",
        caption="Would they recommend applying here? Promoters less detractors, −100 to 100; twelve months.",
        columns=(Column("value", "Value", "number"),),
        rows=(
            TableRow("nps", REGISTRY[NPS].name, {"value": row}, detail=row.note or ""),
            TableRow("answers", "Answers", {"value": int(answers)}, detail=f"of {number(delivered)} delivered"),
        )
        if delivered
        else (),
        note="Shown from 5 respondents on",
        empty="No survey was sent about these roles in twelve months.",
        id="experience",
        heading="Question",
    )
