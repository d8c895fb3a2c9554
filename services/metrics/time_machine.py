"""Any number as it was known on a date: asked of the snapshot that was current then, where it is kept.

As-of cuts what happened; as-known cuts what was recorded. A correction of a past date shows in the one, not in the
other. Definitions and rights are today's, and the answer says which versions of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

from services.domain.errors import InvalidInputError, NotFoundError
from services.domain.known import KnownMetric, KnownThen
from services.domain.metric import Metric
from services.domain.people import Viewer
from services.domain.wording import on_date
from services.mart.archived import OtherSchemaError, reader_of
from services.mart.digests import SCHEMA_VERSION
from services.mart.snapshots import Manifest, Publication, SnapshotFolder
from services.metrics import lifecycle
from services.metrics.catalog import Names
from services.metrics.query import QueryLayer

ONE_DAY = timedelta(days=1)
_SHOWN = 6
"""Dates named in a refusal."""


class KnownSnapshot(NamedTuple):
    """``as_of``: when it was published for the asked date; the same content may have been published again later."""

    manifest: Manifest
    as_of: datetime


class TimeMachine:
    """Opens kept snapshots by date."""

    def __init__(self, snapshots: Path, names: Names, *, fiscal_year_start: int = 1) -> None:
        self._folder = SnapshotFolder(snapshots)
        self._names = names
        self._fiscal_year_start = fiscal_year_start

    def known_on(self, day: date, now: datetime) -> KnownSnapshot:
        """The last snapshot published by the end of ``day`` (UTC).

        Raises InvalidInputError for a day to come, NotFoundError when that snapshot is not kept (saying which are) and
        OtherSchemaError when another version of the program made it.
        """
        if day > now.astimezone(UTC).date():
            raise InvalidInputError(f"{on_date(day)} has not come yet: nothing is known of it. Take a day until today.")
        publications = self._folder.publications()
        then = _current_at(publications, day)
        manifest = self._folder.manifest(then.snapshot_id) if then else None
        if then is None or manifest is None or not self._folder.file(manifest.id).exists():
            raise NotFoundError(f"{_why_not(day, then, publications)} {self._kept(publications)}")
        if manifest.schema_version != SCHEMA_VERSION:
            raise OtherSchemaError(
                f"What was known on {on_date(day)} is snapshot {manifest.id}, made by another version of the program "
                f"(schema {manifest.schema_version}, this one reads {SCHEMA_VERSION}). Ask it with that version, or "
                f"take another day. {self._kept(publications)}"
            )
        return KnownSnapshot(manifest, then.as_of)

    def layer(self, known: KnownSnapshot) -> QueryLayer:
        """The query layer on that snapshot; questions to it should be cut at ``known.as_of``."""
        reader = reader_of(self._folder.path, known.manifest)
        return QueryLayer(reader, self._names, fiscal_year_start=self._fiscal_year_start)

    def _kept(self, publications: Iterable[Publication]) -> str:
        kept = {item.id for item in self._folder.manifests() if item.schema_version == SCHEMA_VERSION}
        days = sorted({one.as_of.date() for one in publications if one.snapshot_id in kept})
        if not days:
            return "No snapshot is kept that this version can read."
        shown = ", ".join(day.isoformat() for day in days[-_SHOWN:])
        return f"Days that can be asked: {'... ' if len(days) > _SHOWN else ''}{shown}."


def _current_at(publications: Iterable[Publication], day: date) -> Publication | None:
    """What was current at the end of the day; None = not known."""
    end = datetime.combine(day + ONE_DAY, time(), UTC)
    before = [one for one in publications if one.as_of < end]
    last = before[-1] if before else None
    if last is not None and not last.is_logged and last.as_of.date() != day:
        return None
    return last


def _why_not(day: date, then: Publication | None, publications: list[Publication]) -> str:
    if then is not None:
        return (
            f"No snapshot is kept for {on_date(day)}: {then.snapshot_id}, which was current then, has been removed "
            "(the last three, the last of each month and pinned ones are kept)."
        )
    if publications and publications[0].as_of.date() > day:
        return f"No snapshot is kept for {on_date(day)}: the first was made on {on_date(publications[0].as_of.date())}."
    return f"No snapshot is kept for {on_date(day)}."


def known_then(asked: date, known: KnownSnapshot, metrics: Iterable[str], viewer: Viewer) -> KnownThen:
    """What is said beside the numbers."""
    found = tuple(_known_metric(lifecycle.answerable(metric), asked) for metric in metrics)
    return KnownThen(
        asked.isoformat(),
        known.manifest.id,
        known.as_of,
        known.manifest.schema_version,
        viewer.policy_version,
        found,
    )


def _known_metric(metric: Metric, day: date) -> KnownMetric:
    return KnownMetric(metric.id, metric.version, version_on(metric, day))


def version_on(metric: Metric, day: date) -> int:
    """The version of a definition that was in force on a day; 0 = it was not defined yet."""
    history = [(one.effective_from, one.version) for one in metric.revisions]
    history.append((metric.effective_from, metric.version))
    return max((version for since, version in history if since <= day), default=0)
