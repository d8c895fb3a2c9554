"""Whether what lies in the folder is an export of today: there, written to the end, and not last month's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.domain.errors import HireboardError, NotThereYetError
from services.domain.wording import at_instant

NEEDED = ("applications", "jobs")
READ = (*NEEDED, "application_stages", "job_interview_stages", "offers")
"""The files of a Greenhouse export that the validation reads."""
SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz")
QUIET = timedelta(minutes=2)
"""A file that changed less long ago may still be written."""


class LackError(HireboardError):
    """There is no export that can be used; says what to do."""


def file_of(folder: Path, resource: str) -> Path | None:
    """The file that holds a resource; None = the export has none."""
    return next((path for end in SUFFIXES if (path := folder / f"{resource}{end}").is_file()), None)


def require_fresh(
    folder: Path, *, now: datetime, fresh_hours: int, period_end: datetime, period: str
) -> Mapping[str, datetime]:
    """When each file was written, by its name. ``period_end``: the export must be younger than what it is to confirm.

    Raises LackError for a missing or stale export, NotThereYetError while it is being written.
    """
    if not folder.is_dir():
        raise LackError(f"The folder {folder} is not there. Let the export job fill it, or name another folder.")
    written = _written(folder)
    missing = [resource for resource in NEEDED if file_of(folder, resource) is None]
    if missing:
        raise LackError(
            f"{folder} holds no {' and no '.join(missing)}. Let the export job run, or put a fresh export there."
        )
    if max(written.values()) > now - QUIET:
        raise NotThereYetError("The export is being written.", int(QUIET.total_seconds()))
    oldest = min(written, key=lambda name: written[name])
    said = f"{oldest} in {folder} was written on {at_instant(written[oldest], 'UTC')}"
    if written[oldest] < period_end:
        raise LackError(f"{said}, before {period} was over. Export again and put all files there.")
    if written[oldest] < now - timedelta(hours=fresh_hours):
        raise LackError(f"{said}, more than {fresh_hours} hours ago. Export again and put all files there.")
    return written


def _written(folder: Path) -> dict[str, datetime]:
    files = [found for resource in READ if (found := file_of(folder, resource)) is not None]
    try:
        return {file.name: datetime.fromtimestamp(file.stat().st_mtime, UTC) for file in files}
    except OSError as error:
        raise NotThereYetError("The export is being replaced.", int(QUIET.total_seconds())) from error
