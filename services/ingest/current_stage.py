"""In which stage an application is now: the mart's rule for stage visits, on a few of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.domain.intervals import seconds_of
from services.store.instants import instant_of_text

SLIP_S = 60
"""A move that was taken back within so many seconds never happened."""
_LAST = "9999"


class Visit(NamedTuple):
    """Instants as canonical text, which sorts as they do; ``exited_at`` None = still there."""

    id: int
    stage_id: int
    entered_at: str
    exited_at: str | None


def running_visit(visits: Iterable[Visit]) -> Visit | None:
    """The visit an open application is in; None = it is in no stage. Mis-clicks never happened."""
    kept = without_slips(sorted(visits, key=_order))
    ordered = sorted((one for one in kept if one.exited_at is None or one.exited_at >= one.entered_at), key=_order)
    if not ordered or ordered[-1].exited_at is not None:
        return None
    return ordered[-1]


def without_slips(visits: Sequence[Visit]) -> list[Visit]:
    """``visits`` in order, each mis-click left out and what lay around it one visit again."""
    slips = {index for index in range(1, len(visits) - 1) if _is_slip(visits, index)}
    if not slips:
        return list(visits)
    mended: list[Visit] = []
    went_to: int | None = None
    for index, visit in enumerate(visits):
        if index in slips:
            continue
        before = mended[-1] if mended else None
        if before is not None and before.stage_id == visit.stage_id and went_to != visit.stage_id:
            is_over = before.exited_at is not None and visit.exited_at is not None
            until = max(before.exited_at or "", visit.exited_at or "") if is_over else None
            mended[-1] = before._replace(exited_at=until)
        else:
            mended.append(visit)
        went_to = visits[index + 1].stage_id if index + 1 < len(visits) else None
    return mended


def _is_slip(visits: Sequence[Visit], index: int) -> bool:
    before, visit, after = visits[index - 1 : index + 2]
    if visit.exited_at is None or before.stage_id != after.stage_id or before.stage_id == visit.stage_id:
        return False
    took = seconds_of(instant_of_text(visit.exited_at)) - seconds_of(instant_of_text(visit.entered_at))
    return 0 <= took <= SLIP_S


def _order(visit: Visit) -> tuple[str, str, int]:
    return (visit.entered_at, visit.exited_at or _LAST, visit.id)
