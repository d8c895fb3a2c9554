"""Figures of one period recomputed from an export with pandas, by the definitions' words and not by their code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from services.domain.metric import Period
from services.validation.export import Export
from services.validation.visits import stage_visits

ORDER = ("applied", "screen", "assessment", "interview", "offer", "hired")
"""Our stages in order, written down here a second time on purpose."""
ALWAYS = frozenset({"applied", "hired"})
SECONDS_A_DAY = 86_400
_DATE_LENGTH = 10
_ANSWERS = {"accepted": "accepted", "rejected": "declined", "created": "open", "unresolved": "open"}
_DRAFTS = frozenset({"created", "unresolved", "deprecated"})
"""Without a date of sending an offer of these is a draft that nobody has seen."""


class Key(NamedTuple):
    metric: str
    dimension: str = ""
    """What it is split by; empty = the whole company."""
    group: str = ""


class Figure(NamedTuple):
    """``value`` None = nothing to say: no case, or nothing in the export to work it out from."""

    value: float | None
    n: int


@dataclass(frozen=True)
class Reading:
    """How the source's words are read: stages and zones as data, by the source's own ids."""

    stages: Mapping[str, str]
    """Our stage by id of the source's."""
    zones: Mapping[str, str]
    """Time zone by id of the office."""


def recompute(export: Export, reading: Reading, period: Period, as_of: datetime) -> dict[Key, Figure]:
    """Every figure the export carries. ``as_of`` is aware; what happened later is unknown."""
    now = pd.Timestamp(as_of)
    applications = _applications(export, reading)
    offers = _offers(export, applications)
    applications = _with_ends(applications, offers)
    found = _counts(applications, period, now)
    if export.has("offers"):
        found |= _offer_figures(applications, offers, period, now)
    if export.has("application_stages", "job_interview_stages"):
        found |= _stage_figures(export, reading, applications, period, now)
    return found


# --- records ---------------------------------------------------------------------------------------------------------


def _instants(values: pd.Series[Any]) -> pd.Series[Any]:
    """Aware, whole seconds; what is absent or no instant is NaT. Without a zone it is UTC."""
    moments = np.array([_moment(one) for one in values], dtype="datetime64[s]").astype("datetime64[us]")
    return pd.Series(moments, index=values.index).dt.tz_localize("UTC")


def _moment(given: object) -> datetime | None:
    """Naive UTC."""
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given)
        except ValueError:
            return None
    if not isinstance(given, datetime) or pd.isna(given):
        return None
    return (given.astimezone(UTC) if given.tzinfo else given).replace(tzinfo=None)


def _column(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    return frame[name] if name in frame.columns else pd.Series(None, index=frame.index, dtype=object)


def _ids(values: pd.Series[Any]) -> pd.Series[Any]:
    """As text, whatever a column with gaps made of whole numbers."""
    return pd.Series([_id(one) for one in values], index=values.index, dtype=object)


def _id(given: Any) -> str | None:
    if pd.isna(given):
        return None
    return str(int(given)) if isinstance(given, float) else str(given)


def _zones_of_jobs(export: Export, zones: Mapping[str, str]) -> dict[str, str]:
    jobs = export.frames["jobs"]
    offices = _column(jobs, "office_ids").map(lambda ids: str(ids[0]) if isinstance(ids, list) and ids else "")
    return {job: zones.get(office, "UTC") for job, office in zip(_ids(jobs["id"]), offices, strict=True)}


def _applications(export: Export, reading: Reading) -> pd.DataFrame:
    raw = export.frames["applications"]
    jobs = _zones_of_jobs(export, reading.zones)
    frame = pd.DataFrame({
        "application": _ids(raw["id"]),
        "job": _ids(_column(raw, "job_id")),
        "status": _column(raw, "status").astype(str).str.lower(),
        "is_prospect": _column(raw, "prospect").map(lambda one: one is True),
        "applied_at": _instants(_column(raw, "applied_at")).fillna(_instants(_column(raw, "created_at"))),
        "rejected_at": _instants(_column(raw, "rejected_at")),
        "last_at": _instants(_column(raw, "last_activity_at")),
        "updated_at": _instants(_column(raw, "updated_at")),
    })  # fmt: skip
    frame = frame[frame["job"].isin(list(jobs)) & ~frame["is_prospect"]].drop_duplicates("application", keep="last")
    frame["zone"] = frame["job"].map(jobs)
    return frame.set_index("application", drop=False)


def _offers(export: Export, applications: pd.DataFrame) -> pd.DataFrame:
    """Versions that were extended, in the order of their chains."""
    names = ["application", "status", "extended_at", "extended_on", "resolved_at", "version", "id"]
    if not export.has("offers") or export.frames["offers"].empty:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in names}).set_index("application", drop=False)
    raw = export.frames["offers"]
    sent = _column(raw, "sent_on")
    status = raw["status"].astype(str).str.lower()
    frame = pd.DataFrame({
        "application": _ids(raw["application_id"]),
        "status": status,
        "given": sent.fillna(_column(raw, "created_at")),
        "resolved_at": _instants(_column(raw, "resolved_at")),
        "version": pd.to_numeric(_column(raw, "version"), errors="coerce").fillna(0),
        "id": _ids(raw["id"]),
    })[~(sent.isna() & status.isin(_DRAFTS))]  # fmt: skip
    frame = frame[frame["application"].isin(applications.index)]
    frame["zone"] = frame["application"].map(applications["zone"])
    frame["extended_at"] = _instants(
        pd.Series(
            [_day_begins(given, zone) for given, zone in zip(frame["given"], frame["zone"], strict=True)],
            index=frame.index,
            dtype=object,
        )
    )
    frame["extended_on"] = _local_days(frame["extended_at"], frame["zone"])
    return frame.sort_values(["application", "extended_at", "version", "id"]).set_index("application", drop=False)


def _day_begins(given: object, zone: str) -> object:
    """A date alone is the day's beginning where the job is."""
    if not isinstance(given, str) or len(given) != _DATE_LENGTH:
        return given
    return pd.Timestamp(given).tz_localize(zone, nonexistent="shift_forward", ambiguous=True).isoformat()


def _local_days(instants: pd.Series[Any], zones: pd.Series[Any]) -> pd.Series[Any]:
    """Dates as naive midnights, each in its own zone."""
    days = pd.Series(pd.NaT, index=instants.index, dtype="datetime64[us]")
    for zone in zones.dropna().unique():
        here = (zones == zone).to_numpy()
        local = instants[here].dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
        days.iloc[here.nonzero()[0]] = local.to_numpy()
    return days


def _with_ends(frame: pd.DataFrame, offers: pd.DataFrame) -> pd.DataFrame:
    """How each application ended, when its offer was accepted, and when the first was extended."""
    chains = offers.groupby(level=0)
    last = offers[~offers.index.duplicated(keep="last")]
    yes = offers[offers["status"] == "accepted"]
    said_yes = _instants(yes["resolved_at"].groupby(level=0).max().reindex(frame.index))
    by_hire = said_yes.fillna(frame["last_at"]).fillna(frame["updated_at"])
    ends = frame["rejected_at"].fillna(frame["updated_at"]).where(frame["status"] == "rejected")
    frame["ended_at"] = ends.where(frame["status"] != "hired", by_hire)
    frame["extended_at"] = _instants(chains["extended_at"].min().reindex(frame.index))
    accepted = _instants(last["resolved_at"].reindex(frame.index)).fillna(frame["ended_at"])
    is_yes = last["status"].reindex(frame.index) == "accepted"
    frame["accepted_at"] = accepted.fillna(frame["extended_at"]).where(
        is_yes, frame["ended_at"].where(frame["status"] == "hired")
    )
    for name in ("applied", "accepted"):
        frame[f"{name}_on"] = _local_days(frame[f"{name}_at"], frame["zone"])
    return frame


# --- figures ---------------------------------------------------------------------------------------------------------


def _within(days: pd.Series[Any], period: Period) -> pd.Series[Any]:
    found = days.notna()
    if period.start is not None:
        found &= days >= pd.Timestamp(period.start)
    if period.end is not None:
        found &= days < pd.Timestamp(period.end)
    return found


def _count(values: pd.Series[Any]) -> Figure:
    number = int(values.sum())
    return Figure(number, number)


def _rate(successes: int, cases: int) -> Figure:
    return Figure(successes / cases if cases else None, cases)


def _median(seconds: pd.Series[Any]) -> Figure:
    kept = seconds[seconds >= 0]
    return Figure(float(kept.median()) / SECONDS_A_DAY if len(kept) else None, len(kept))


def _counts(frame: pd.DataFrame, period: Period, now: pd.Timestamp) -> dict[Key, Figure]:
    is_hire = _within(frame["accepted_on"], period) & (frame["accepted_at"] <= now)
    hires = frame[is_hire]
    is_over = frame["ended_at"].notna() & (frame["ended_at"] <= now)
    return {
        Key("applications"): _count(_within(frame["applied_on"], period) & (frame["applied_at"] <= now)),
        Key("hires"): _count(is_hire),
        Key("time_to_hire"): _median((hires["accepted_at"] - hires["applied_at"]).dt.total_seconds()),
        Key("open_applications"): _count((frame["applied_at"] <= now) & ~is_over),
    }


def _offer_figures(
    applications: pd.DataFrame, offers: pd.DataFrame, period: Period, now: pd.Timestamp
) -> dict[Key, Figure]:
    first = offers[~offers.index.duplicated(keep="first")]
    in_period = first.index[_within(first["extended_on"], period) & (first["extended_at"] <= now)]
    known = offers[(offers["extended_at"] <= now) & offers.index.isin(in_period)]
    last = known[~known.index.duplicated(keep="last")]
    answered = last["resolved_at"].fillna(last["extended_at"]) <= now
    answers = last["status"].map(_ANSWERS).where(answered, "open")
    said_yes, said_no = int((answers == "accepted").sum()), int((answers == "declined").sum())
    extended = int(applications.index.isin(in_period).sum())
    return {
        Key("offers_extended"): Figure(extended, extended),
        Key("offer_acceptance_rate"): _rate(said_yes, said_yes + said_no),
    }


def _stage_figures(
    export: Export, reading: Reading, applications: pd.DataFrame, period: Period, now: pd.Timestamp
) -> dict[Key, Figure]:
    plan = export.frames["job_interview_stages"]
    stages = pd.DataFrame({
        "name": plan["name"].to_numpy(),
        "order": pd.to_numeric(_column(plan, "sort_order"), errors="coerce").fillna(0).to_numpy(),
    }, index=pd.Index(_ids(plan["id"]), name="stage"))  # fmt: skip
    stages["ours"] = [reading.stages.get(str(key)) for key in stages.index]
    raw = export.frames["application_stages"]
    moves = pd.DataFrame({
        "application": _ids(raw["application_id"]),
        "stage": _ids(raw["job_interview_stage_id"]),
        "id": _ids(raw["id"]),
        "entered_at": _instants(raw["entered_at"]),
        "left_at": _instants(_column(raw, "exited_at")),
    })  # fmt: skip
    moves = moves[moves["application"].isin(applications.index) & moves["entered_at"].notna()]
    visits = stage_visits(moves.join(stages[["order", "name", "ours"]], on="stage"), applications["ended_at"])
    visits = visits[visits["ours"].notna()]
    found = _stays(visits, applications, period, now)
    return found | _way(visits, applications, stages["ours"].dropna().unique(), period, now)


def _stays(visits: pd.DataFrame, applications: pd.DataFrame, period: Period, now: pd.Timestamp) -> dict[Key, Figure]:
    """Completed visits that ended in the period, by the source's stage and by ours."""
    zones = visits["application"].map(applications["zone"])
    over = visits[_within(_local_days(visits["exited_at"], zones), period) & (visits["exited_at"] <= now)]
    seconds = (over["exited_at"] - over["entered_at"]).dt.total_seconds()
    found: dict[Key, Figure] = {}
    for dimension, column in (("stage", "name"), ("canonical_stage", "ours")):
        for group, part in seconds.groupby(over[column]):
            found[Key("time_in_stage_completed", dimension, str(group))] = _median(part)
    return found


def _way(
    visits: pd.DataFrame, applications: pd.DataFrame, used: Iterable[Any], period: Period, now: pd.Timestamp
) -> dict[Key, Figure]:
    """Of those who reached a stage or a later one in the period, who had reached the next by as-of."""
    rank = visits["ours"].map({stage: place for place, stage in enumerate(ORDER)})
    on_record = applications["extended_at"].fillna(applications["accepted_at"])
    reached = {"applied": applications["applied_at"], "hired": applications["accepted_at"]}
    for place, stage in enumerate(ORDER[1:-1], start=1):
        first = visits[rank >= place].groupby("application")["entered_at"].min()
        reached[stage] = _instants(first.reindex(applications.index)).fillna(on_record)
    steps = [stage for stage in ORDER if stage in set(used) | ALWAYS]
    pairs = [(start, stop, "transition", f"{start} to {stop}") for start, stop in pairwise(steps)]
    found: dict[Key, Figure] = {}
    for start, stop, dimension, group in [("applied", "hired", "", ""), *pairs]:
        on = _local_days(reached[start], applications["zone"])
        cohort = _within(on, period) & (reached[start] <= now)
        arrived = cohort & reached[stop].notna() & (reached[stop] <= now)
        found[Key("pass_through_rate_snapshot", dimension, group)] = _rate(int(arrived.sum()), int(cohort.sum()))
    return found
