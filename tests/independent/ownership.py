"""Who held a requisition when, and whose a hire is, hire by hire in exact fractions; sources by matured cases."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

import pandas as pd

from tests.independent.company import FAR
from tests.independent.recomputed import Group, Recomputed, Span, Subject, tenths

Owners = dict[int, list[tuple[int, pd.Timestamp, pd.Timestamp]]]


def owners(recomputed: Recomputed) -> Owners:
    """(person, from, to) per requisition, in order; without records its recruiter, always."""
    company = recomputed.company
    table = company.table("requisition_owner")
    table = table[table["part"] == "recruiter"].sort_values(["requisition_id", "from_at", "person_id"])
    found: Owners = {}
    for row in table.itertuples():
        end = FAR if pd.isna(row.to_at) else row.to_at
        found.setdefault(row.requisition_id, []).append((row.person_id, row.from_at, end))
    for requisition_id, requisition in company.requisition.items():
        if requisition_id not in found and pd.notna(requisition["recruiter_id"]):
            always = (int(requisition["recruiter_id"]), pd.Timestamp("1900-01-01", tz="UTC"), FAR)
            found[requisition_id] = [always]
    return found


def _owner_at(holds: list[tuple[int, pd.Timestamp, pd.Timestamp]], at: pd.Timestamp, otherwise: Any) -> Any:
    known = [hold for hold in holds if hold[1] <= at]
    holding = [hold for hold in known if hold[2] > at] or known
    return max(holding, key=lambda hold: (hold[1], -hold[0]))[0] if holding else otherwise


def credits_by_owner(recomputed: Recomputed, span: Span, model: str) -> dict[Any, Fraction]:
    """Hires by the person who held the requisition, under ``primary`` or ``split``."""
    company, held = recomputed.company, owners(recomputed)
    seats = company.table("opening").dropna(subset=["application_id"])
    first_seat = dict(seats.groupby("application_id")["opened_at"].min())
    found: dict[Any, Fraction] = {}
    for key, accepted in recomputed.accepted(span).items():
        requisition_id = company.application[key]["requisition_id"]
        requisition = company.requisition[requisition_id]
        opened = first_seat.get(key, requisition["opened_at"])
        opened = min(opened if pd.notna(opened) else company.application[key]["applied_at"], accepted)
        holds = held.get(requisition_id, [])
        shares = Counter[Any]()
        for person, start, end in holds if model == "split" else []:
            begin, until = max(start, opened), min(end, accepted)
            if begin < until:
                shares[person] += company.net_seconds(requisition_id, begin, until)
        whole = shares.total()
        if not whole:
            shares, whole = Counter({_owner_at(holds, accepted, requisition["recruiter_id"]): 1}), 1
        for person, seconds in shares.items():
            found[person] = found.get(person, Fraction(0)) + Fraction(seconds, whole)
    return {person: credit for person, credit in found.items() if credit}


def handed_over(recomputed: Recomputed, span: Span) -> dict[Any, list[Subject]]:
    """Seats at risk for each owner while they held the requisition: late entry at take-over, censored at hand-over."""
    company, held = recomputed.company, owners(recomputed)
    undone = set(company.chains.index[company.chains["undone_at"].notna()])
    found: dict[Any, list[Subject]] = {}
    for seat in company.table("opening").itertuples():
        zone = company.requisition[seat.requisition_id]["zone"]
        start, end = (company.midnight(day, zone) for day in (span.start, span.end))
        cut = min(end, company.as_of)
        filled = pd.NaT if seat.application_id in undone else seat.filled_at
        cancelled = recomputed._cancelled_at(seat, filled)
        ends = [(at, way) for at, way in ((filled, "filled"), (cancelled, "cancelled")) if pd.notna(at)]
        ends = [(at, way) for at, way in ends if at < end and at <= company.as_of]
        stop, way = min(ends, default=(cut, ""))
        if seat.opened_at > cut or stop < start or recomputed.is_evergreen(seat, cut):
            continue
        for person, took_over, handed_on in held.get(seat.requisition_id, []):
            begin, until = max(start, took_over), min(cut, handed_on)
            is_theirs = bool(way) and took_over <= stop < handed_on
            if seat.opened_at > until or begin > until or not (is_theirs or stop > begin):
                continue
            at = stop if is_theirs else until
            t = tenths(company.net_seconds(seat.requisition_id, seat.opened_at, at))
            late = seat.opened_at < begin
            entry = tenths(company.net_seconds(seat.requisition_id, seat.opened_at, begin)) if late else None
            if is_theirs and entry is not None:
                entry = min(entry, t - 1)
            if is_theirs or entry is None or entry < t:
                found.setdefault(person, []).append((entry, t, way if is_theirs and way == "filled" else ""))
    return found


def matured_conversion(recomputed: Recomputed, span: Span, group: Group) -> dict[str | None, tuple[int, int]]:
    """(hired within 120 days, external applications whose 120 days are over)."""
    company, reached = recomputed.company, recomputed._reached
    found: dict[str | None, tuple[int, int]] = {}
    for key in recomputed._dated(company.applications["applied_at"], span).index:
        application = company.application[key]
        applied = application["applied_at"]
        if application["is_internal"] or application["is_rehire"] or applied > company.as_of - pd.Timedelta(days=120):
            continue
        hired = reached.loc[key, "hired"]
        is_in_time = pd.notna(hired) and tenths((hired - applied).total_seconds()) <= 1200
        hires, cases = found.get(group(application), (0, 0))
        found[group(application)] = (hires + bool(is_in_time), cases + 1)
    return found
