"""Time to start and the cohort view of time to hire once more, seat by seat and application by application."""

from __future__ import annotations

from typing import Any

import pandas as pd

from tests.independent.recomputed import Group, Recomputed, Span, Subject, curves, tenths

DAY_S = 86_400


def time_to_start(recomputed: Recomputed, span: Span, group: Group) -> dict[str | None, list[Subject]]:
    """Net until the acceptance, calendar days after it, of the seats at risk in the period."""
    company = recomputed.company
    undone = set(company.chains.index[company.chains["undone_at"].notna()])
    hires = company.table("hire").dropna(subset=["started_on"])
    hires = hires[hires["application_id"].isin(company.applications.index)]
    first_days = dict(pd.to_datetime(hires.groupby("application_id")["started_on"].last()))
    found: dict[str | None, list[Subject]] = {}
    for seat in company.table("opening").itertuples():
        requisition = company.requisition[seat.requisition_id]
        cut = min(company.midnight(span.end, requisition["zone"]), company.as_of)
        if recomputed.is_evergreen(seat, cut):
            continue
        stands = pd.notna(seat.filled_at) and seat.application_id not in undone
        filled = seat.filled_at if stands else pd.NaT
        known = _Known(recomputed, seat, requisition, filled, first_days.get(seat.application_id) if stands else None)
        subject = known.subject(span)
        if subject is not None:
            found.setdefault(group(requisition), []).append(subject)
    return found


class _Known:
    """One seat, and what is known of it at an instant."""

    def __init__(
        self, recomputed: Recomputed, seat: Any, requisition: pd.Series, filled: pd.Timestamp, first_day: Any
    ) -> None:
        self.recomputed, self.company, self.seat = recomputed, recomputed.company, seat
        self.zone, self.filled = requisition["zone"], filled
        self.first_day = first_day.date() if first_day is not None else None
        self.cancelled = recomputed._cancelled_at(seat, filled)

    def subject(self, span: Span) -> Subject | None:
        company = self.company
        start, end = (company.midnight(day, self.zone) for day in (span.start, span.end))
        cut = min(end, company.as_of)
        if self.seat.opened_at > cut:
            return None
        is_accepted = self._is_known(self.filled, end)
        has_started = is_accepted and self.first_day is not None and self.first_day < span.end
        has_started = has_started and self.first_day <= company.local_date(company.as_of, self.zone)
        is_cancelled = not is_accepted and self._is_known(self.cancelled, end)
        if has_started and self.first_day < company.local_date(self.filled, self.zone):
            return None
        if (has_started and self.first_day < span.start) or (is_cancelled and self.cancelled < start):
            return None
        if has_started:
            stop = self._age(self.filled) + (self.first_day - company.local_date(self.filled, self.zone)).days * DAY_S
        else:
            stop = self._age(self.cancelled if is_cancelled else cut)
        t, leaves = tenths(stop), has_started or is_cancelled
        entry = tenths(self._age(start)) if self.seat.opened_at < start else None
        if entry is not None and leaves:
            entry = min(entry, t - 1)
        if t < 0 or not (leaves or entry is None or entry < t):
            return None
        return entry, t, "started" if has_started else ""

    def _is_known(self, at: pd.Timestamp, end: pd.Timestamp) -> bool:
        return bool(pd.notna(at) and at < end and at <= self.company.as_of)

    def _age(self, at: pd.Timestamp) -> float:
        """Seconds on the seat's clock at an instant."""
        company, opened = self.company, self.seat.opened_at
        if pd.isna(self.filled) or at <= self.filled:
            return company.net_seconds(self.seat.requisition_id, opened, at)
        days = (company.local_date(at, self.zone) - company.local_date(self.filled, self.zone)).days
        return company.net_seconds(self.seat.requisition_id, opened, self.filled) + days * DAY_S


def conditional_median(subjects: list[Subject], cause: str, horizon_days: int) -> float | None:
    """First day at which half of those who leave by ``cause`` within the horizon have left."""
    steps = [(t, incidence.get(cause, 0.0)) for t, _, incidence in curves(subjects) if t <= horizon_days * 10]
    if not steps or steps[-1][1] <= 0:
        return None
    return next(t / 10 for t, value in steps if value >= steps[-1][1] / 2 - 1e-9)
