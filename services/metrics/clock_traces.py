"""Every counted and skipped interval of one requisition, offer or feedback, from the snapshot the figures come from.

A trace is a list of one subject, not a statistic: the small-number rule does not apply. What lies outside the viewer's
scope or classes is answered as if it were not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from services.domain.clock_traces import ClockTrace
from services.domain.errors import InvalidInputError, NotFoundError
from services.domain.people import Viewer
from services.metrics.feedback_trace import trace_feedback
from services.metrics.offer_trace import trace_offer
from services.metrics.requisition_trace import Asked, DayNames, Made, Reader, trace_requisition

_MAKERS: Mapping[str, Callable[[Asked], Made | None]] = {
    "requisition": trace_requisition,
    "offer": trace_offer,
    "feedback": trace_feedback,
}
KINDS = tuple(_MAKERS)


class ClockTraces:
    """Traces from the current snapshot."""

    def __init__(self, reader: Reader, names: DayNames) -> None:
        self._reader = reader
        self._names = names

    def trace(self, kind: str, key: str, viewer: Viewer, as_of: datetime | None = None) -> ClockTrace:
        """``key``: the number; a requisition also by its code, title or the source's id.

        Raises NotFoundError for what does not exist, or not within the viewer's reach: one answer for both.
        """
        if kind not in _MAKERS:
            raise InvalidInputError(f"There is no trace of {kind[:40]!r}. Choose from: {', '.join(KINDS)}.")
        with self._reader.hold() as snapshot:
            cut = _naive(as_of or snapshot.as_of)
            asked = Asked(key.strip(), viewer, min(cut, _naive(snapshot.as_of)), self._reader, self._names)
            found = _MAKERS[kind](asked)
        if found is None:
            raise NotFoundError(
                f"There is no {kind} {key[:80]!r} that you may see. Check the number, or ask its owner."
            )
        number, title, clocks, remarks = found
        return ClockTrace(kind, number, title, asked.as_of.replace(tzinfo=UTC), snapshot.id, clocks, remarks)


def _naive(moment: datetime) -> datetime:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(tzinfo=None, microsecond=0)
