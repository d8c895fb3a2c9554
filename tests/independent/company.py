"""The store as pandas frames, read with plain SQL: the ground of the independent recomputation.

Knows the canonical tables and nothing of the mart, the query layer or their code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from zoneinfo import ZoneInfo

import pandas as pd
import sqlalchemy as sa

STAGES = ("applied", "screen", "assessment", "interview", "offer", "hired")
FAR = pd.Timestamp("2200-01-01", tz="UTC")
MISCLICK = pd.Timedelta(seconds=60)
Visit = tuple[int, pd.Timestamp, pd.Timestamp]
"""(stage, entered, left)."""


@dataclass
class Company:
    """Everything as it is known at ``as_of``, aware UTC."""

    engine: sa.Engine
    as_of: pd.Timestamp

    def table(self, name: str) -> pd.DataFrame:
        frame = pd.read_sql_query(sa.text(f"SELECT * FROM {name}"), self.engine)
        for column in frame.columns:
            if column.endswith("_at"):
                frame[column] = pd.to_datetime(frame[column], utc=True)
        return frame

    @cached_property
    def requisitions(self) -> pd.DataFrame:
        offices = self.table("office").set_index("id")
        frame = self.table("requisition").set_index("id")
        known = offices["timezone"].reindex(frame["office_id"]).to_numpy()
        frame["zone"] = pd.Series(known, index=frame.index).fillna("UTC")
        frame["region"] = offices["region"].reindex(frame["office_id"]).to_numpy()
        frame["country"] = offices["country"].reindex(frame["office_id"]).to_numpy()
        return frame

    @cached_property
    def departments(self) -> dict[int, str]:
        return dict(self.table("department").set_index("id")["name"])

    @cached_property
    def parents(self) -> dict[int, float]:
        return dict(self.table("department").set_index("id")["parent_id"])

    def lies_in(self, department_id: float, ancestor_id: int) -> bool:
        at = department_id
        while pd.notna(at):
            if int(at) == ancestor_id:
                return True
            at = self.parents.get(int(at), float("nan"))
        return False

    @cached_property
    def statuses(self) -> pd.DataFrame:
        frame = self.table("requisition_status").sort_values(["requisition_id", "from_at", "id"])
        silent = self.requisitions.index.difference(frame["requisition_id"].unique())
        opened = self.requisitions.loc[silent, "opened_at"].dropna()
        assumed = pd.DataFrame({"requisition_id": opened.index, "status": "open", "from_at": opened, "to_at": pd.NaT})
        return pd.concat([frame, assumed], ignore_index=True) if len(assumed) else frame

    @cached_property
    def stops(self) -> dict[int, list[tuple[pd.Timestamp, pd.Timestamp]]]:
        """Disjoint intervals in which each requisition's clocks stand still."""
        raw: dict[int, list[tuple[pd.Timestamp, pd.Timestamp]]] = {}
        for requisition_id, history in self.statuses.groupby("requisition_id"):
            running = history[history["status"].isin(["open", "on_hold"])]
            last = running["from_at"].max()
            for row in history.itertuples():
                is_gap = row.status in {"cancelled", "closed"} and pd.notna(last) and row.from_at < last
                if row.status == "on_hold" or is_gap:
                    raw.setdefault(int(requisition_id), []).append((row.from_at, self._end(row.to_at)))
        exempt = {(row.freeze_id, row.requisition_id) for row in self.table("freeze_exemption").itertuples()}
        for freeze in self.table("freeze").itertuples():
            for requisition_id, requisition in self.requisitions.iterrows():
                if self._is_frozen(freeze, requisition_id, requisition) and (freeze.id, requisition_id) not in exempt:
                    raw.setdefault(int(requisition_id), []).append((freeze.from_at, self._end(freeze.to_at)))
        return {key: _union(found) for key, found in raw.items()}

    def _end(self, at: pd.Timestamp) -> pd.Timestamp:
        return FAR if pd.isna(at) else at

    def _is_frozen(self, freeze: object, requisition_id: int, requisition: pd.Series) -> bool:
        scope, value = freeze.scope, freeze.scope_value
        if scope == "company":
            return True
        if scope == "department":
            return self.lies_in(requisition["department_id"], int(value))
        if scope == "country":
            return requisition["country"] == value
        if scope == "job_family":
            return requisition["job_family_id"] == int(value)
        return int(value) == requisition_id

    def net_seconds(self, requisition_id: int, start: pd.Timestamp, end: pd.Timestamp) -> int:
        """Elapsed seconds less the seconds on hold or frozen."""
        elapsed = (end - start).total_seconds()
        for from_at, to_at in self.stops.get(requisition_id, []):
            elapsed -= max(0.0, (min(to_at, end) - max(from_at, start)).total_seconds())
        return round(elapsed)

    def is_stopped(self, requisition_id: int, at: pd.Timestamp) -> bool:
        return any(from_at <= at < to_at for from_at, to_at in self.stops.get(requisition_id, []))

    @cached_property
    def applications(self) -> pd.DataFrame:
        frame = self.table("application").set_index("id")
        counts = ~frame["is_prospect"].astype(bool) & ~frame["is_test"].astype(bool)
        frame = frame[counts & frame["merged_into_id"].isna() & frame["requisition_id"].notna()].copy()
        frame["requisition_id"] = frame["requisition_id"].astype(int)
        kinds = self.table("exit_reason").set_index("id")["kind"]
        frame["reason_kind"] = kinds.reindex(frame["exit_reason_id"]).to_numpy()
        for column in ("zone", "department_id", "region"):
            frame[column] = self.requisitions[column].reindex(frame["requisition_id"]).to_numpy()
        return frame

    @cached_property
    def application(self) -> dict[int, pd.Series]:
        """Rows by id: a look-up per row in a frame costs more than all the rest."""
        return dict(self.applications.iterrows())

    @cached_property
    def requisition(self) -> dict[int, pd.Series]:
        return dict(self.requisitions.iterrows())

    @cached_property
    def offers(self) -> pd.DataFrame:
        frame = self.table("offer_version")
        frame = frame[frame["application_id"].isin(self.applications.index)]
        return frame.sort_values(["application_id", "extended_at", "offer_key", "version", "id"])

    @cached_property
    def chains(self) -> pd.DataFrame:
        """One row per application with offers: the first date, the last answer known at as-of."""
        rows = []
        for application_id, versions in self.offers[self.offers["extended_at"] <= self.as_of].groupby("application_id"):
            last = versions.iloc[-1]
            is_answered = pd.notna(last["answered_at"]) and last["answered_at"] <= self.as_of
            answer = last["answer"] if is_answered and last["answer"] != "superseded" else "pending"
            is_undone = pd.notna(last["undone_at"]) and last["undone_at"] <= self.as_of
            rows.append(
                {
                    "application_id": application_id,
                    "extended_at": versions["extended_at"].iloc[0],
                    "answer": answer,
                    "answered_at": last["answered_at"] if is_answered else pd.NaT,
                    "undone_at": last["undone_at"] if is_undone else pd.NaT,
                    "undone_by": last["undone_by"] if is_undone else None,
                }
            )
        return pd.DataFrame(rows).set_index("application_id")

    @cached_property
    def visits(self) -> pd.DataFrame:
        """Cleaned stage visits in order, closed by the end of their application; mis-clicks undone."""
        stages = self.table("pipeline_stage").set_index("id")
        frame = self.table("stage_visit")
        frame = frame[frame["application_id"].isin(self.applications.index)]
        frame = frame.sort_values(["application_id", "entered_at", "exited_at", "id"], na_position="last")
        names, orders = dict(stages["canonical"]), dict(stages["sort_order"])
        grouped: dict[int, list[Visit]] = {}
        for row in frame.itertuples():
            grouped.setdefault(row.application_id, []).append((row.stage_id, row.entered_at, row.exited_at))
        rows: list[tuple[object, ...]] = []
        for application_id, visits in grouped.items():
            ended_at = self.application[application_id]["ended_at"]
            for stage_id, entered_at, exited_at in _without_misclicks(visits):
                closed = min((at for at in (exited_at, ended_at) if pd.notna(at)), default=pd.NaT)
                stage = names[stage_id]
                rows.append((application_id, stage, STAGES.index(stage), orders[stage_id], entered_at, closed))
        columns = ["application_id", "stage", "order", "sort_order", "entered_at", "exited_at"]
        frame = pd.DataFrame(rows, columns=columns)
        frame = frame[frame["exited_at"].isna() | (frame["exited_at"] >= frame["entered_at"])]
        requisition_id = self.applications["requisition_id"].reindex(frame["application_id"]).to_numpy()
        return frame.assign(requisition_id=requisition_id)

    def local_date(self, at: pd.Timestamp, zone: str) -> date | None:
        return None if pd.isna(at) else at.tz_convert(ZoneInfo(zone)).date()

    def midnight(self, day: date, zone: str) -> pd.Timestamp:
        return pd.Timestamp(day).tz_localize(ZoneInfo(zone)).tz_convert("UTC")


def _union(intervals: list[tuple[pd.Timestamp, pd.Timestamp]]) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    merged: list[tuple[pd.Timestamp, pd.Timestamp]] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged


def _without_misclicks(visits: list[Visit]) -> list[Visit]:
    """A move that was taken back within 60 seconds never happened: what lay around it is one visit."""
    at = 1
    while at < len(visits) - 1:
        (before, entered, _), (stage, start, end), (after, _, left) = visits[at - 1 : at + 2]
        if before == after != stage and pd.notna(end) and end - start <= MISCLICK:
            visits[at - 1 : at + 2] = [(before, entered, left)]
        else:
            at += 1
    return visits
