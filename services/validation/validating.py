"""One validation from the export to the certificate: compared, printed, archived, and drift put on record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import Connection, insert, select, update

from services.audit.log import AuditLog
from services.delivery.archive import Archive, Document, add_item
from services.domain.errors import InvalidInputError
from services.domain.metric import Query
from services.domain.periods import NamedPeriod, parse_period
from services.domain.views import ReportView
from services.store.database import Store
from services.store.tables import ValidationCertificate, ValidationDrift
from services.validation import configuration as config
from services.validation.certificate import TITLE, Issued, as_json, certificate, company_of, plain
from services.validation.comparing import (
    METRICS,
    Publish,
    Result,
    ask_published,
    compare,
    drifted,
)
from services.validation.configuration import Change, Configuration
from services.validation.export import Export, read_export
from services.validation.plans import GREENHOUSE, KIND, end_lack
from services.validation.recompute import Reading, recompute

_STOPS = "clocks stop while a requisition is on hold or hiring is frozen, and the export does not say when"


@dataclass(frozen=True)
class Outside:
    """What comes from above: the published figures, paper, and the text a report is kept as."""

    publish: Publish
    render: Callable[[ReportView], bytes]
    to_json: Callable[[ReportView], bytes]
    names: Mapping[str, str]
    """Names of metrics by id."""
    hold: Callable[[], AbstractContextManager[Any]] = nullcontext
    """Everything asked inside comes from one snapshot."""


@dataclass(frozen=True)
class Asked:
    """``as_of`` None = the period's end, or the snapshot's own time when that is earlier.

    ``accepts``: the stages as they are in the store are approved with this certificate; otherwise those of the last
    certificate count, so that a changed mapping is found.
    """

    folder: Path
    period: str
    as_of: datetime | None = None
    mapping: Path | None = None
    accepts: bool = False
    actor: str = "local operator"


@dataclass(frozen=True)
class Outcome:
    certificate_id: int
    archive_item_id: int
    archive_public_id: str
    period: str
    as_of: datetime
    snapshot: str
    results: tuple[Result, ...]
    changes: tuple[Change, ...]
    drift: tuple[str, ...]
    """Metrics that failed; empty = the certificate holds."""


@dataclass(frozen=True)
class Prepared:
    """A certificate with its paper in the archive's files, and on no record yet."""

    view: ReportView
    pdf: bytes
    enter: Callable[[Connection], Outcome]
    """Certificate, document, drift and its incident, in the caller's transaction."""

    def keep(self, connection: Connection) -> tuple[int, str]:
        """Id and public id of the archived document."""
        outcome = self.enter(connection)
        return outcome.archive_item_id, outcome.archive_public_id


@dataclass(frozen=True)
class _Compared:
    period: NamedPeriod
    as_of: datetime
    snapshot: str
    results: list[Result]
    changes: list[Change]
    configuration: Configuration
    is_first: bool


class Validation:
    """Makes certificates. ``clock`` returns the present instant, aware."""

    def __init__(
        self,
        store: Store,
        archive: Archive,
        audit: AuditLog,
        outside: Outside,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._archive = archive
        self._audit = audit
        self._outside = outside
        self._clock = clock

    def validate(self, asked: Asked) -> Outcome:
        """Prepared and kept. Raises as ``prepare`` does."""
        prepared = self.prepare(asked)
        with self._store.write() as connection:
            return prepared.enter(connection)

    def prepare(self, asked: Asked) -> Prepared:
        """The comparison with its paper; nothing is on record yet.

        Raises InvalidInputError for an export, period or mapping that is of no use, RetryLaterError without mart.
        """
        # Arrow's texts keep DuckDB's types alive to the very end of the process, which DuckDB reports as a leak
        with pd.option_context("mode.string_storage", "python"), self._outside.hold():
            export = read_export(asked.folder)
            compared = self._compare(asked, export)
        now = self._clock().astimezone(UTC).replace(microsecond=0)
        view = certificate(self._issued(asked, compared, export, now), compared.results, compared.changes)
        pdf, stored = self._outside.render(view), self._outside.to_json(view)
        document = Document(
            report_kind=KIND,
            title=TITLE,
            period=compared.period.key,
            subject=GREENHOUSE,
            subject_name=view.head.subject_name,
            recipient_user_id=None,
            sha256=self._archive.put(pdf),
            size_bytes=len(pdf),
            view_sha256=self._archive.put(stored),
            snapshot=compared.snapshot,
            created_at=now,
            manifest=json.dumps({
                "report_id": view.head.report_id,
                "as_of": compared.as_of.isoformat(),
                "export_sha256": export.sha256,
                "drift": drifted(compared.results),
            }),
        )  # fmt: skip
        return Prepared(view, pdf, lambda connection: self._enter(connection, asked, compared, export, document))

    def _enter(
        self, connection: Connection, asked: Asked, compared: _Compared, export: Export, document: Document
    ) -> Outcome:
        drift, now = drifted(compared.results), document.created_at
        item_id, public_id = add_item(connection, document)
        number = self._keep(connection, compared, export, item_id, now, asked)
        self._settle_drift(connection, number, drift, now, asked.actor)
        end_lack(connection, self._audit, GREENHOUSE, asked.actor, now, number)
        return Outcome(
            number,
            item_id,
            public_id,
            compared.period.key,
            compared.as_of,
            compared.snapshot,
            tuple(compared.results),
            tuple(compared.changes),
            drift,
        )

    # --- compare -----------------------------------------------------------------------------------------------------

    def _compare(self, asked: Asked, export: Export) -> _Compared:
        own = self._outside.publish(Query(("applications",), raw=True))
        period = parse_period(asked.period, own.as_of.date())
        content = _content(asked.mapping)
        named = config.read_stage_names(content, asked.mapping.name) if asked.mapping else {}
        with self._store.read() as connection:
            _refuse_mixtures(connection)
            last = _last(connection)
            before: Configuration = json.loads(last.configuration) if last else {}
            certified = {} if asked.accepts else before
            offices = config.read_offices(connection, GREENHOUSE)
            not_compared = {"time_in_stage_completed": _STOPS} if config.has_stops(connection) else {}
        zones = config.approved(offices, certified.get("offices", {}))
        as_of = asked.as_of or min(own.as_of, _end_of(period, zones))
        published = ask_published(self._outside.publish, period.period, as_of)
        definitions = {key.metric: row.definition_version for key, row in published.items()}
        with self._store.read() as connection:
            now = config.read_configuration(connection, GREENHOUSE, definitions, _digest(content))
            changes = config.differences(connection, before, now, GREENHOUSE) if last else []
        stages = config.approved(now["stages"], certified.get("stages", {}), named)
        figures = recompute(export, Reading(stages, zones), period.period, as_of)
        results = compare(published, figures, not_compared | _absent(export))
        kept = {**now, "stages": _as_approved(now["stages"], stages), "offices": _as_approved(offices, zones)}
        return _Compared(period, as_of, own.snapshot, results, changes, kept, last is None)

    def _issued(self, asked: Asked, compared: _Compared, export: Export, now: datetime) -> Issued:
        return Issued(
            company=company_of(self._store),
            system=GREENHOUSE,
            period=compared.period,
            as_of=compared.as_of,
            snapshot=compared.snapshot,
            export_sha256=export.sha256,
            made_at=now,
            made_by=asked.actor,
            is_first=compared.is_first,
            names=self._outside.names,
        )

    # --- put on record -----------------------------------------------------------------------------------------------

    def _keep(
        self, connection: Connection, compared: _Compared, export: Export, item_id: int, now: datetime, asked: Asked
    ) -> int:
        drift = drifted(compared.results)
        row = insert(ValidationCertificate).values(
            source_system=GREENHOUSE,
            period=compared.period.key,
            as_of=compared.as_of,
            snapshot=compared.snapshot,
            is_holding=not drift,
            results=as_json(compared.results),
            configuration=json.dumps(compared.configuration, sort_keys=True),
            changes=json.dumps([plain(one) for one in compared.changes]),
            export_sha256=export.sha256,
            archive_item_id=item_id,
            made_at=now,
            made_by=asked.actor,
        )
        number = connection.execute(row.returning(ValidationCertificate.id)).scalar_one()
        detail = {"period": compared.period.key, "drift": drift, "accepted": asked.accepts}
        self._audit.append(connection, asked.actor, "validation.certified", f"validation_certificate:{number}", detail)
        return number

    def _settle_drift(
        self, connection: Connection, number: int, drift: tuple[str, ...], now: datetime, actor: str
    ) -> None:
        """Opens the incident, keeps it up to date, or closes it."""
        table = ValidationDrift.__table__
        here = connection.execute(select(table).where(table.c.open_key == GREENHOUSE)).first()
        metrics = json.dumps(drift)
        if drift and here is None:
            row = insert(ValidationDrift).values(
                source_system=GREENHOUSE, open_key=GREENHOUSE, metrics=metrics, certificate_id=number, opened_at=now
            )
            opened = connection.execute(row.returning(ValidationDrift.id)).scalar_one()
            self._audit.append(
                connection, actor, "validation.drift_opened", f"validation_drift:{opened}", {"metrics": drift}
            )
        elif drift and here is not None:
            changed = update(ValidationDrift).where(ValidationDrift.id == here.id)
            connection.execute(changed.values(metrics=metrics, certificate_id=number))
        elif here is not None:
            closed = {"open_key": None, "closed_at": now, "closed_by_certificate_id": number}
            connection.execute(update(ValidationDrift).where(ValidationDrift.id == here.id).values(**closed))
            self._audit.append(connection, actor, "validation.drift_closed", f"validation_drift:{here.id}")


def _last(connection: Connection) -> Any:
    table = ValidationCertificate.__table__
    query = select(table).where(table.c.source_system == GREENHOUSE).order_by(table.c.id.desc()).limit(1)
    return connection.execute(query).first()


def _refuse_mixtures(connection: Connection) -> None:
    others = config.other_systems(connection, GREENHOUSE)
    if others:
        raise InvalidInputError(
            f"The published figures also hold requisitions of {', '.join(others)}, which this export does not: they "
            "cannot be compared. Validate where Greenhouse is the only source."
        )


def _end_of(period: NamedPeriod, zones: Mapping[str, str]) -> datetime:
    """When the period is over wherever the company has offices."""
    return max(
        datetime.combine(period.end, time(), ZoneInfo(zone)).astimezone(UTC) for zone in {"UTC", *zones.values()}
    )


def _absent(export: Export) -> dict[str, str]:
    found: dict[str, str] = {}
    if not export.has("offers"):
        found |= dict.fromkeys(("offers_extended", "offer_acceptance_rate"), "the export holds no offers")
    if not export.has("application_stages", "job_interview_stages"):
        stages = ("pass_through_rate_snapshot", "time_in_stage_completed")
        found |= dict.fromkeys(stages, "the export holds no stages")
    return {metric: why for metric, why in found.items() if metric in METRICS}


def _as_approved(current: config.Section, values: Mapping[str, str]) -> dict[str, Any]:
    """What the next certificate goes by: everything as it is, the value that figures depend on as approved."""
    return {key: [name, values[key], *rest] for key, (name, _value, *rest) in current.items()}


def _content(mapping: Path | None) -> bytes:
    if mapping is None:
        return b""
    try:
        return mapping.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{mapping.name} cannot be read ({error.strerror}). Check the path.") from error


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest() if content else ""
