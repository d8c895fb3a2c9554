"""Beside each figure what the company's rate for the same mix of work would have given, as further figures of a row.

The company's cases are asked by stratum whatever the viewer's scope; what is shown of them is one expected figure. The
rates by stratum stay here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from services.domain.errors import InvalidInputError
from services.domain.metric import Answer, Estimator, Metric, Query, Reason, Row
from services.domain.people import ColumnClass, Scope, Viewer
from services.metrics.case_mix import STRATA, Cases, Levels, Stratum, expectation
from services.metrics.figures import TENTHS, Figure
from services.metrics.plan import LATE_ENTRY, Group
from services.metrics.time_to_fill import CANCELLED, FILLED, OPEN

HAZARDS = ("time_to_fill",)
DAYS_AT_RISK = "days_at_risk"
SEATS = "seat_net"
SUBJECTS = ("recruiter", "hiring_manager", "interviewer", "department", "top_department", "requisition")
"""Whom a question is about. Other filters and splits (a source, a month) hold for the company too."""
Ask = Callable[[Query, Viewer], Answer]
Dims = tuple[str | None, ...]


def check(metric: Metric) -> None:
    """Raises InvalidInputError for a metric whose cases cannot be told apart by stratum."""
    is_known = metric.estimator is Estimator.PLAIN_RATE or metric.id in HAZARDS
    is_known = is_known and metric.column_class is ColumnClass.GENERAL
    if not is_known or not set(STRATA) <= set(metric.dimensions):
        raise InvalidInputError(
            f"There is no expectation for {metric.id}: it takes a plain rate, or {', '.join(HAZARDS)}. Leave it out."
        )


def beside(rows: Sequence[Row], query: Query, viewer: Viewer, ask: Ask) -> tuple[Row, ...]:
    """``rows`` with ``expected``, ``observed``, ``ratio``, ``ratio_low`` and ``ratio_high``, where that can be said.

    Of a rate ``expected`` and ``observed`` are rates, of a curve they are events. Below 20 cases of the subject, or
    where nobody else has 20, a row stays as it is.
    """
    kept = tuple(name for name in query.by if name not in SUBJECTS)
    whole = replace(viewer, scope=Scope(everything=True, agreed=viewer.scope.agreed))
    where = {name: values for name, values in query.where.items() if name not in SUBJECTS}
    plain = replace(query, expected=False, clustered=False)
    own = _by_group(ask(_by_strata(plain, query.by), viewer).rows, query.by)
    company_query = replace(_by_strata(plain, kept), where=where, attribution=None)
    company = {
        key: Levels(_cases(found, is_hazard=key[0] in HAZARDS))
        for key, found in _by_group(ask(company_query, whole).rows, kept).items()
    }
    return tuple(_with(row, own, company.get((row.metric, _dims(row, kept))), query.by) for row in rows)


def _by_strata(query: Query, by: Sequence[str]) -> Query:
    return replace(query, by=tuple(dict.fromkeys((*by, *STRATA))))


def _by_group(rows: Iterable[Row], by: Sequence[str]) -> dict[tuple[str, Dims], list[Row]]:
    found: dict[tuple[str, Dims], list[Row]] = {}
    for row in rows:
        found.setdefault((row.metric, _dims(row, by)), []).append(row)
    return found


def _dims(row: Row, by: Sequence[str]) -> Dims:
    return tuple(row.dims.get(name) for name in by)


def counted(metric: Metric, group: Group) -> Figure | None:
    """The cases of a stratum, without the curve that nobody will look at; None where the figure itself is cheap."""
    if metric.id not in HAZARDS:
        return None
    table, ends = group.table(SEATS), (FILLED, CANCELLED, OPEN)
    ages = table.total_time(*ends) - table.total_time(LATE_ENTRY)
    extra = {DAYS_AT_RISK: round(ages / TENTHS)}
    return Figure(None, table.of_kind(*ends), Reason.NO_COMPARISON, events=table.of_kind(FILLED), extra=extra)


def _with(row: Row, own: Mapping[tuple[str, Dims], Sequence[Row]], company: Levels | None, by: Sequence[str]) -> Row:
    is_hazard = row.metric in HAZARDS
    mine = _cases(own.get((row.metric, _dims(row, by)), ()), is_hazard=is_hazard)
    found = expectation(mine, company, is_hazard=is_hazard) if company is not None else None
    if found is None or row.value is None:
        return row
    scale = 1 if is_hazard else found.cases
    more = {
        "observed": found.observed / scale,
        "expected": found.expected / scale,
        "ratio": found.ratio,
        "ratio_low": found.low,
        "ratio_high": found.high,
    }
    return replace(row, extra={**row.extra, **more})


def _cases(rows: Iterable[Row], *, is_hazard: bool) -> Cases:
    events, out_of, cases = Counter[Stratum](), Counter[Stratum](), Counter[Stratum]()
    for row in rows:
        stratum = _dims(row, STRATA)
        events[stratum] += int((row.events if is_hazard else row.numerator) or 0)
        out_of[stratum] += int((row.extra.get(DAYS_AT_RISK) if is_hazard else row.denominator) or 0)
        cases[stratum] += row.n if is_hazard else int(row.denominator or 0)
    return Cases(events, out_of, cases)
