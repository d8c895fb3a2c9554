"""5.2: the stage an application is in now, by the mart's rule for mis-clicks."""

from __future__ import annotations

import pytest

from services.ingest.current_stage import Visit, running_visit

SCREEN, INTERVIEW = 2, 4
FIRST = Visit(1, SCREEN, "2026-03-02 09:00:00", "2026-03-04 09:00:00")


@pytest.mark.parametrize(
    ("back_at", "entered"),
    [("2026-03-04 09:01:00", "2026-03-02 09:00:00"), ("2026-03-04 09:01:01", "2026-03-04 09:01:01")],
)
def test_5_2_a_move_taken_back_within_a_minute_never_happened(back_at: str, entered: str) -> None:
    slip, again = Visit(2, INTERVIEW, "2026-03-04 09:00:00", back_at), Visit(3, SCREEN, back_at, None)
    found = running_visit([again, slip, FIRST])
    assert found is not None
    assert (found.stage_id, found.entered_at) == (SCREEN, entered)


def test_5_2_who_left_the_last_stage_is_in_none() -> None:
    assert running_visit([FIRST]) is None
    assert running_visit([]) is None
