"""Adverse impact as a table: each step and group against the reference, with the evidence behind the verdict.

Everything here follows from shown numbers. A ratio alone decides nothing, and no difference is called discrimination.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from services.domain.metric import Row
from services.domain.pipeline import STAGE_ORDER
from services.domain.views import Cell, Column, Mark, Spread, Table, TableRow
from services.domain.wording import HIDDEN, NOTHING, number, percent
from services.metrics.estimators import Z95

SCALE = (0.35, 1.6)
FOUR_FIFTHS = 0.8
SMALLEST_P = 0.001
_VERDICTS = {
    "both": Mark("bad", "Ratio and test"),
    "ratio only": Mark("near", "Ratio only"),
    "significance only": Mark("near", "Test only"),
    "none": Mark("good", "No gap shown"),
    "insufficient evidence": Mark("hold", "Not enough evidence"),
}
_COLUMNS = (
    Column("n", "n", "number", fold=True),
    Column("selected", "Selected", "rate", fold=True),
    Column("ratio", "Ratio", "number"),
    Column("interval", "95%", "number", fold=True),
    Column("line", "0.35 to 1.6, dashed = 0.8", "spread"),
    Column("test", "Test", "text", fold=True),
    Column("evidence", "Evidence", "text"),
    Column("gap", "To close the gap", "text", fold=True),
)


def adverse_impact_table(rows: Sequence[Row], question: str) -> Table:
    """One row a step and group that is not the reference. Hidden and empty look alike."""
    references = {_key(row): row for row in rows if _is_reference(row)}
    shown = sorted((row for row in rows if not _is_reference(row)), key=_order)
    return Table(
        title="Adverse impact",
        caption=f"{question}: selection rate of a group, divided by that of the reference group. A ratio alone decides "
        "nothing.",
        columns=_COLUMNS,
        rows=tuple(_row(row, references.get(_key(row))) for row in shown),
        note="Fisher's exact test, two-sided, decides; within requisitions where they differ (Mantel–Haenszel). "
        "29 CFR 1607.4. No difference here is called discrimination",
        empty="No group can be compared: too few people, or nobody was asked.",
        id="impact",
        heading="Step and groups",
    )


def _key(row: Row) -> str:
    return row.dims.get("transition") or ""


def _order(row: Row) -> tuple[int, int]:
    """The whole way first, then step by step."""
    start, _, stop = _key(row).partition(" to ")
    stages = {stage.value: place for place, stage in enumerate(STAGE_ORDER)}
    first, last = stages.get(start, len(stages)), stages.get(stop, len(stages))
    return (-1 if last - first > 1 else first), last


def _is_reference(row: Row) -> bool:
    return (row.note or "").startswith("the reference") and row.value is not None


def _name(value: str | None) -> str:
    return (value or "unknown").replace("_", " ").capitalize()


def _row(row: Row, reference: Row | None) -> TableRow:
    group = _name(row.dims.get("group"))
    step = _key(row).capitalize()
    key = f"{_key(row)} {row.dims.get('group')}"
    against = f"{group} / {_name(reference.dims.get('group')).lower()}" if reference is not None else group
    if row.value is None or reference is None:
        return TableRow(key, step, _hidden(row), detail=group)
    low, high = ratio_interval(row, reference)
    verdict = (row.note or "").partition(";")[0]
    mark = _VERDICTS.get(verdict, Mark("hold", "Withheld"))
    tone = "mute" if mark.tone == "hold" else "bad" if mark.tone == "bad" else ""
    cells: dict[str, Cell] = {
        "n": f"{number(row.n)} / {number(reference.n)}",
        "selected": f"{_rate(row)} / {_rate(reference)}",
        "ratio": number(float(row.value), decimals=2),
        "interval": f"{number(low, decimals=2)} to {number(high, decimals=2)}"
        if low is not None and high is not None
        else NOTHING,
        "line": Spread(float(row.value), low, high, SCALE, mark=FOUR_FIFTHS, is_log=True, status=tone),
        "test": _test(row.extra),
        "evidence": mark,
        "gap": _gap(row.extra, verdict),
    }
    return TableRow(key, step, cells, detail=against)


def _hidden(row: Row) -> dict[str, Cell]:
    """A listed group has counts and no comparison; everything else is one word."""
    considered = row.extra.get("considered")
    if considered is None:
        return {**{column.id: HIDDEN for column in _COLUMNS}, "line": Spread(None, None, None, SCALE, words=HIDDEN)}
    return {
        **{column.id: NOTHING for column in _COLUMNS},
        "n": number(considered),
        "selected": _rate(row),
        "line": Spread(None, None, None, SCALE, words=NOTHING),
        "evidence": Mark("hold", "Not compared"),
    }


def _rate(row: Row) -> str:
    rate = row.extra.get("rate")
    return NOTHING if rate is None else percent(rate)


def ratio_interval(row: Row, reference: Row) -> tuple[float | None, float | None]:
    """95 % interval of a ratio of two rates on the log scale (Katz); (None, None) where one side selected nobody."""
    a, n, c, m = (
        float(value or 0) for value in (row.numerator, row.denominator, reference.numerator, reference.denominator)
    )
    if row.value is None or min(a, n, c, m) <= 0:
        return None, None
    error = math.sqrt(1 / a - 1 / n + 1 / c - 1 / m)
    ratio = (a / n) / (c / m)
    return ratio * math.exp(-Z95 * error), ratio * math.exp(Z95 * error)


def _test(extra: Mapping[str, float | int | None]) -> str:
    p, z = extra.get("fisher_p"), extra.get("z")
    if p is None:
        return NOTHING
    words = f"p < {SMALLEST_P}" if p < SMALLEST_P else f"p {number(p, decimals=2 if p >= 0.01 else 3)}"  # noqa: PLR2004
    return words if z is None else f"{words}, z {number(z, decimals=1)}"


def _gap(extra: Mapping[str, float | int | None], verdict: str) -> str:
    """How many selections the group lacks, and what one moved selection would do."""
    shortfall, moved = extra.get("shortfall"), extra.get("moved")
    after = f"one moved: {number(moved, decimals=2)}" if moved is not None else ""
    if verdict in {"none", "significance only"} or shortfall is None or shortfall <= 0:
        return "Not needed"
    lacking = math.ceil(shortfall)
    return f"{number(lacking)} short, {after}" if after else f"{number(lacking)} short"
