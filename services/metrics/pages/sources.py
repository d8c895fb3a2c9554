"""Sources and quality: where hires come from, and how they do once they have started. Matured hires only, leavers in.

What is told of sources goes together and need not be the cause, which every card says; nothing is advised here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.domain.consumers import Consumer, ConsumerKind
from services.domain.filters import to_search
from services.domain.metric import Reason, Row, Unit
from services.domain.people import Viewer
from services.domain.periods import year_before
from services.domain.views import (
    Bullet,
    Cell,
    Column,
    Dot,
    DotPlot,
    Filters,
    PageView,
    Section,
    Table,
    TableRow,
)
from services.domain.wording import FEW_COUNTS, FEW_GREY, FEW_HIDDEN, HIDDEN, NOTHING, amount, number, percent, span
from services.metrics import overview_parts as parts
from services.metrics.overview_tables import names_in, row_of
from services.metrics.pages.frame import Desk, Opened, chosen_words, figures, tiles
from services.metrics.quality import MATURES_AFTER, OTHER_WEIGHT, PERFORMANCE_WEIGHT
from services.metrics.selection import Answers

PAGE, TITLE = "sources", "Sources and quality"
QUALITY = "quality_of_hire_90"
TILES = (QUALITY, "first_year_attrition", "time_to_productivity", "source_conversion")
BY_SOURCE = ("applications", "source_conversion", "hires", QUALITY, "first_year_attrition")
WHOLE = ("applications", "source_conversion", "hires", "starts", QUALITY)
PARTS = (QUALITY, "early_performance", "time_to_productivity", "hiring_manager_satisfaction")
CONSUMER = Consumer(ConsumerKind.PAGE, PAGE, TITLE, frozenset((*TILES, *BY_SOURCE, *WHOLE, *PARTS)))
CORRELATION = "It goes together; it need not be the cause."
LARGEST_SCORE = 5.0


@dataclass(frozen=True)
class _Asked:
    """Every question of the page, asked before the first answer is waited for."""

    figures: parts.Figures
    by_source: Answers
    whole: Answers
    parts: Answers
    parts_before: Answers


class SourcesPage:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def view(self, filters: Filters, viewer: Viewer) -> PageView:
        """The page for ``viewer``. Raises RetryLaterError without a snapshot, and what the query layer raises."""
        with self._desk.opened(filters, viewer) as opened:
            asked = _ask(opened)
            is_empty = not any(asked.whole[name].one(name).value for name in ("applications", "hires", "starts"))
            lede, rules = (_nothing(opened), ()) if is_empty else _lede(asked)
            return PageView(
                id=PAGE,
                title=TITLE,
                subtitle=f"Where people come from and how they do after 90 days: {opened.subtitle}",
                stamp=opened.stamp,
                filters=opened.filters,
                choices=opened.choices,
                lede=lede,
                rules=rules,
                notes=opened.standing,
                tiles=() if is_empty else tiles(opened, asked.figures, TILES),
                sections=() if is_empty else _sections(opened, asked),
                is_empty=is_empty,
                details=tuple(parts.detail_of(name) for name in TILES),
                trust=(*opened.trust, "Small groups are hidden below 5 and not judged below 20"),
            )


def _ask(opened: Opened) -> _Asked:
    return _Asked(
        figures=figures(opened, TILES),
        by_source=opened.ask(*BY_SOURCE, by=("source",)),
        whole=opened.ask(*WHOLE),
        parts=opened.ask(*PARTS),
        parts_before=opened.ask(*PARTS, period=year_before(opened.period).period),
    )


def _nothing(opened: Opened) -> str:
    chosen = chosen_words(opened.choices) or "What you may see"
    return (
        f"{chosen} had no applications, no hires and nobody who started from {opened.span}. "
        "Zero is a fact here, not missing data."
    )


def _sections(opened: Opened, asked: _Asked) -> tuple[Section, ...]:
    return (
        Section("sources", sources_table(asked.by_source, asked.whole, opened.filters)),
        Section("quality", quality_dots(asked.by_source, asked.whole[QUALITY].one(QUALITY)), 5),
        Section("parts", parts_table(asked.parts, asked.parts_before, _young(asked)), 7),
        Section("by-part", by_part_table(asked.by_source)),
    )


# --- words --------------------------------------------------------------------------------------------------------


def _lede(asked: _Asked) -> tuple[str, tuple[str, ...]]:
    """SRC-01 and SRC-02: counts only, for a share of few would be a judgement."""
    names = _sources(asked.by_source)
    hires = {name: int(row_of(asked.by_source, "hires", "source", name).value or 0) for name in names}
    told = sum(row_of(asked.by_source, QUALITY, "source", name).value is not None for name in names)
    sentences, rules = [], []
    total = int(asked.whole["hires"].one("hires").value or 0)
    if total:
        most = max(names, key=lambda name: hires[name])
        sentences.append(f"{most} brought the most hires: {number(hires[most])} of {number(total)}.")
        rules.append("SRC-01")
    sentences.append(
        f"Quality after 90 days can be told for {told} of {len(names)} sources; the others have fewer than "
        f"{FEW_COUNTS} hires that long in the company."
        if told < len(names)
        else f"Quality after 90 days can be told for all {told} sources."
    )
    return " ".join(sentences), (*rules, "SRC-02")


def _young(asked: _Asked) -> int:
    """Who started in the period and is not with the company long enough to be counted."""
    quality = asked.whole[QUALITY].one(QUALITY)
    matured = quality.n + int(quality.extra.get("not_scored") or 0)
    return max(0, int(asked.whole["starts"].one("starts").value or 0) - matured)


def _sources(by_source: Answers) -> list[str]:
    """Most applications first."""
    found = names_in(by_source.values(), "source")
    return sorted(found, key=lambda name: -float(row_of(by_source, "applications", "source", name).value or 0))


# --- conversion and hires -------------------------------------------------------------------------------------------

_SOURCE_COLUMNS = (
    Column("applied", "Applied", "number", fold=True),
    Column("rate", "Hired", "rate"),
    Column("bar", "Line = 95%, tick = all sources", "bullet"),
    Column("hires", "Hires", "number", fold=True),
    Column("share", "Of all hires", "rate", fold=True),
    Column("ratio", "Hires ÷ applied", "number", fold=True, help="Share of all hires by share of all applications"),
    Column("left", "Left within a year", "rate", fold=True),
    Column("quality", "Quality, 90 days", "number", fold=True),
)


def sources_table(by_source: Answers, whole: Answers, filters: Filters) -> Table:
    company = parts.value_of(whole["source_conversion"].one("source_conversion"))
    hires = int(whole["hires"].one("hires").value or 0)
    applied = int(whole["applications"].one("applications").value or 0)
    rows = []
    for name in _sources(by_source):
        found = {metric: row_of(by_source, metric, "source", name) for metric in BY_SOURCE}
        rate, own_hires = found["source_conversion"], int(found["hires"].value or 0)
        cells: dict[str, Cell] = {
            "applied": found["applications"],
            "rate": rate,
            "bar": Bullet(parts.value_of(rate), rate.unit, target=company, low=rate.low, high=rate.high),
            "hires": found["hires"],
            "share": _share(own_hires, hires),
            "ratio": _ratio(own_hires, hires, int(found["applications"].value or 0), applied),
            "left": found["first_year_attrition"],
            "quality": found[QUALITY],
        }
        href = None if filters.source == (name,) else f"/sources{to_search(replace(filters, source=(name,)))}"
        rows.append(TableRow(key=name, label=name, cells=cells, href=href))
    return Table(
        title="Sources",
        caption="Share of external applications hired within 120 days, people still in process counted "
        "(Aalen–Johansen). The first source counts.",
        columns=_SOURCE_COLUMNS,
        rows=tuple(rows),
        note=f"n {number(applied)} applications, {number(hires)} hires. Sources differ in the roles they serve. "
        f"{CORRELATION}",
        empty="No applications in this selection.",
        id="sources",
        heading="Source",
    )


def _share(hires: int, total: int) -> str:
    """A share of few is no share: the counts stand for themselves."""
    if not total:
        return NOTHING
    return percent(hires / total) if total >= FEW_COUNTS else f"{hires} of {total}"


def _ratio(hires: int, all_hires: int, applied: int, all_applied: int) -> str:
    """1 = as many of the hires as of the applications; only where both sides are more than a handful."""
    if all_hires < FEW_GREY or applied < FEW_GREY:
        return NOTHING
    return number((hires / all_hires) / (applied / all_applied), decimals=2)


# --- quality --------------------------------------------------------------------------------------------------------


def quality_dots(by_source: Answers, company: Row) -> DotPlot:
    dots = [Dot(name, row_of(by_source, QUALITY, "source", name)) for name in _sources(by_source)]
    dots.sort(key=lambda dot: dot.row.value is None)
    reference = parts.value_of(company)
    return DotPlot(
        title="Quality of hire by source",
        caption=f"0 to 100, hires who started {90 + MATURES_AFTER} days ago or longer; leavers stay in and count 0 for "
        "staying.",
        heading="Source",
        unit=Unit.SCORE,
        dots=tuple(dots),
        reference=reference,
        reference_label="All sources",
        finding=_finding(dots, reference),
        note=f"{CORRELATION} Grey: n under {FEW_GREY}",
        empty=f"No source has {FEW_COUNTS} hires that started {90 + MATURES_AFTER} days ago or longer in this period.",
    )


def _finding(dots: Sequence[Dot], reference: float | None) -> str:
    told = [
        f"{dot.label} {amount(dot.row.value, Unit.SCORE)}{_interval(dot.row)}"
        for dot in dots
        if dot.row.value is not None
    ]
    hidden = sum(dot.row.value is None for dot in dots)
    aim = f" All sources {amount(reference, Unit.SCORE)}." if reference is not None else ""
    rest = f" {hidden} with too few matured hires." if hidden else ""
    return f"Quality of hire by source, 95% interval: {', '.join(told)}.{aim}{rest}"


def _interval(row: Row) -> str:
    return f" ({span(row.low, row.high, row.unit)})" if row.low is not None and row.high is not None else ""


_PART_COLUMNS = (
    Column("weight", "Weight", "number", fold=True),
    Column("value", "Value", "number"),
    Column("n", "n", "number"),
    Column("before", "Year before", "number", fold=True),
)


def parts_table(now: Answers, before: Answers, young: int) -> Table:
    """The four parts of the index, each by the measure people know it by, with its own n."""
    quality = now[QUALITY].one(QUALITY)
    rows = [
        _part("performance", "Performance, first review", PERFORMANCE_WEIGHT, now, before, "early_performance", " sd"),
        _part("ramp", "Ramp to productive", OTHER_WEIGHT, now, before, "time_to_productivity", " days"),
        _retention(quality, before[QUALITY].one(QUALITY)),
        _part(
            "satisfaction",
            "Manager satisfaction",
            OTHER_WEIGHT,
            now,
            before,
            "hiring_manager_satisfaction",
            f" / {LARGEST_SCORE:.0f}",
        ),
    ]
    without = quality.extra.get("without_leavers")
    survivors = f". Leavers dropped would say {number(without, decimals=1)}" if without is not None else ""
    return Table(
        title="What quality is made of",
        caption="Each part is put on 0 to 100 and weighted; a missing part rescales the others.",
        columns=_PART_COLUMNS,
        rows=tuple(rows),
        note=f"{number(young)} {'hire is' if young == 1 else 'hires are'} younger than {90 + MATURES_AFTER} days and "
        f"not counted yet{survivors}",
        id="parts",
        heading="Part",
    )


def _part(key: str, label: str, weight: float, now: Answers, before: Answers, metric: str, unit: str) -> TableRow:
    row, earlier = now[metric].one(metric), before[metric].one(metric)
    cells: dict[str, Cell] = {
        "weight": percent(weight),
        "value": _with_unit(row, unit),
        "n": _sample(row),
        "before": _with_unit(earlier, unit),
    }
    return TableRow(key=key, label=label, cells=cells)


def _with_unit(row: Row, unit: str) -> str:
    decimals = 2 if row.metric == "early_performance" else 1
    if row.value is not None:
        return f"{number(float(row.value), decimals=decimals)}{unit}"
    return HIDDEN if row.reason is Reason.TOO_FEW else row.note or NOTHING


def _retention(quality: Row, before: Row) -> TableRow:
    cells: dict[str, Cell] = {
        "weight": percent(OTHER_WEIGHT),
        "value": _of_index(quality, "retention", "%"),
        "n": _sample(quality),
        "before": _of_index(before, "retention", "%"),
    }
    return TableRow(key="retention", label="Still here after 90 days", cells=cells)


def _of_index(row: Row, name: str, unit: str = "") -> str:
    """A part of the index as it comes with it: hidden where the index is."""
    value = row.extra.get(name)
    if value is not None:
        return f"{number(float(value), decimals=0 if unit else 1)}{unit}"
    return HIDDEN if row.reason is Reason.TOO_FEW else NOTHING


def _sample(row: Row) -> str:
    """As every figure prints its n: of fewer than five only that."""
    return f"under {FEW_HIDDEN}" if row.value is None and 0 < row.n < FEW_HIDDEN else number(row.n)


_BY_PART_COLUMNS = (
    Column("quality", "Quality", "number"),
    Column("interval", "95%", "number", fold=True),
    Column("n", "n", "number"),
    Column("performance", "Performance", "number", fold=True, help="Mean of the part, 0 to 100"),
    Column("rated", "Rated", "number", fold=True),
    Column("retention", "Still here, day 90", "number", fold=True),
    Column("leavers", "Leavers", "number", fold=True),
    Column("not_scored", "Too little known", "number", fold=True),
    Column("without", "Without leavers", "number", fold=True, help="Survivorship: not a result"),
)


def by_part_table(by_source: Answers) -> Table:
    return Table(
        title="Quality by source, part by part",
        caption="Leavers are in the quality of their source; the last column shows what dropping them would say.",
        columns=_BY_PART_COLUMNS,
        rows=tuple(_by_part(name, row_of(by_source, QUALITY, "source", name)) for name in _sources(by_source)),
        note=CORRELATION,
        empty="No applications in this selection.",
        id="by-part",
        heading="Source",
    )


def _by_part(name: str, row: Row) -> TableRow:
    counts = {key: int(row.extra.get(key) or 0) for key in ("with_performance", "leavers", "not_scored")}
    interval = span(row.low, row.high, row.unit) if row.low is not None and row.high is not None else NOTHING
    cells: dict[str, Cell] = {
        "quality": row,
        "interval": interval,
        "n": _sample(row),
        "performance": _of_index(row, "performance"),
        "rated": number(counts["with_performance"]),
        "retention": _of_index(row, "retention", "%"),
        "leavers": number(counts["leavers"]),
        "not_scored": number(counts["not_scored"]),
        "without": _of_index(row, "without_leavers"),
    }
    return TableRow(key=name, label=name, cells=cells)
