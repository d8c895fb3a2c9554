"""Stays in stages from the source's moves: closed where the source does not, moves taken back at once left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

MISCLICK = pd.Timedelta(seconds=60)


def stage_visits(moves: pd.DataFrame, ended_at: pd.Series[Any]) -> pd.DataFrame:
    """``moves``: application, stage, id, entered_at, left_at and the stage's order, name and ours.

    An exit the source does not state is the next entrance, or the application's end; nothing lasts beyond that end.
    """
    visits = moves.sort_values(["application", "entered_at", "order", "id"]).reset_index(drop=True)
    ends = visits["application"].map(ended_at)
    following = visits.groupby("application")["entered_at"].shift(-1)
    visits["exited_at"] = visits["left_at"].fillna(following.fillna(ends))
    visits = _without_misclicks(visits)
    ends = visits["application"].map(ended_at)
    visits["exited_at"] = visits["exited_at"].where(~(ends < visits["exited_at"]), ends)
    contradicts = visits["exited_at"].notna() & (visits["exited_at"] < visits["entered_at"])
    following = visits[~contradicts].groupby("application")["entered_at"].shift(-1)
    visits["exited_at"] = visits["exited_at"].fillna(following.reindex(visits.index))
    return visits


def _without_misclicks(visits: pd.DataFrame) -> pd.DataFrame:
    lasted = visits["exited_at"] - visits["entered_at"]
    brief = (lasted >= pd.Timedelta(0)) & (lasted <= MISCLICK)
    before = visits.groupby("application")["stage"].shift(1)
    after = visits.groupby("application")["stage"].shift(-1)
    undone = brief & before.notna() & (before == after) & (before != visits["stage"])
    touched = visits["application"].isin(visits.loc[undone, "application"])
    if not touched.any():
        return visits
    mended = [
        row
        for _, way in visits[touched].assign(undone=undone[touched]).groupby("application")
        for row in _mended(way.to_dict("records"))
    ]
    columns = list(visits.columns)
    whole = pd.concat([visits[~touched], pd.DataFrame(mended)[columns].astype(visits.dtypes.to_dict())])
    return whole.sort_values(["application", "entered_at", "order", "id"]).reset_index(drop=True)


def _mended(way: list[dict[Any, Any]]) -> Iterator[dict[Any, Any]]:
    """What lay around a move that was taken back is one stay again."""
    held: dict[Any, Any] | None = None
    joins = False
    for visit in way:
        if visit["undone"]:
            joins = True
        elif held is not None and joins and visit["stage"] == held["stage"]:
            held = {**held, "exited_at": visit["exited_at"]}
            joins = False
        else:
            if held is not None:
                yield held
            held, joins = dict(visit), False
    if held is not None:
        yield held
