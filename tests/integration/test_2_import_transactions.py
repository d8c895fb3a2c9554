"""2 and 3: an import writes in short transactions, and its result does not depend on the order of the deliveries."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, select

from services.domain.errors import ConflictError
from services.ingest.imports import import_path, resume_import
from services.ingest.loader import ROWS_AT_A_TIME, chunks
from services.ingest.records import EntityRow
from services.ingest.spool import StagedItem
from services.store.database import Store
from services.store.tables import (
    Application,
    ChangeRow,
    ExitReason,
    ImportBatch,
    OfferVersion,
    Opening,
    PipelineStage,
    RequisitionStatusInterval,
    StageVisit,
)


class CountingStore(Store):
    """Counts the rows each write transaction changes."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.rows: list[int] = []
        event.listen(self.engine, "after_cursor_execute", self._count)

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        self.rows.append(0)
        with super().write() as connection:
            yield connection

    def _count(self, _c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: Any) -> None:
        if self.rows and statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            self.rows[-1] += len(parameters) if many else 1


def test_3_no_transaction_of_an_import_writes_more_than_2000_rows(
    migrated_sqlite_url: str, shared_data: Path, tmp_path: Path
) -> None:
    """A million rows in one transaction kept a web write waiting for seconds; short ones let it in between."""
    store = CountingStore(migrated_sqlite_url)
    import_path(store, "greenhouse", shared_data / "recruiting-red-harvest-v3", spool_dir=tmp_path / "spool")
    store.dispose()
    assert sum(store.rows) > 5_691 * 2  # it does count
    assert max(store.rows) <= 2_000
    assert len(store.rows) > 10


def staged(count: int, *, per_parent: int = 1, rows: int = 1) -> list[StagedItem]:
    row = EntityRow("stage_event", "k", {}, "p")
    return [
        StagedItem(
            seq, 15, "stage_event", str(seq), f"p{seq // per_parent}", None, b"", "f", counted=True, rows=(row,) * rows
        )
        for seq in range(count)
    ]


@pytest.mark.parametrize(("per_parent", "rows"), [(1, 1), (5, 1), (7, 9), (400, 1), (5_000, 1)])
def test_3_chunks_stay_under_the_limit_and_keep_families_together(per_parent: int, rows: int) -> None:
    items = staged(6_000, per_parent=per_parent, rows=rows)
    found = list(chunks(items))
    assert [item for chunk in found for item in chunk] == items
    for chunk in found:
        families = len({item.parent for item in chunk})
        assert len(chunk) * (rows + 1) + families <= ROWS_AT_A_TIME
    if per_parent * (rows + 2) < ROWS_AT_A_TIME // 4:
        owners = [{item.parent for item in chunk} for chunk in found]
        assert sum(len(one) for one in owners) == len(set().union(*owners))


def test_2_one_import_at_a_time(migrated_sqlite_url: str, shared_data: Path, tmp_path: Path) -> None:
    store = Store(migrated_sqlite_url)
    export = shared_data / "recruiting-red-harvest-v3"

    def second(_phase: str, _done: int, _total: int) -> None:
        with pytest.raises(ConflictError, match="Another import is running"):
            import_path(store, "greenhouse", export, spool_dir=tmp_path / "spool")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_path(store, "greenhouse", export, spool_dir=tmp_path / "spool", progress=second)
    with store.read() as connection:
        assert connection.scalars(select(ImportBatch.id)).all() == []
    assert import_path(store, "greenhouse", export, spool_dir=tmp_path / "spool").quarantined == 0
    store.dispose()


def test_2_touched_applications_are_noted_for_the_mart(
    migrated_store_url: str, shared_data: Path, tmp_path: Path
) -> None:
    store = Store(migrated_store_url)
    import_path(store, "greenhouse", shared_data / "recruiting-red-harvest-v3", spool_dir=tmp_path / "spool")
    with store.read() as connection:
        changes = connection.execute(select(ChangeRow.kind, ChangeRow.entity_id, ChangeRow.xid)).all()
        applications = set(connection.scalars(select(Application.id)))
    assert {number for kind, number, _ in changes if kind == "application"} == applications
    assert {kind for kind, _, _ in changes} == {"application", "requisition", "reference"}
    assert all((xid is None) == (store.dialect == "sqlite") for _, _, xid in changes)
    store.dispose()


# --- order of deliveries --------------------------------------------------------------------------------------------


def version(number: int) -> str:
    return f"2025-03-{number:02d}T08:00:00Z"


def history() -> dict[str, list[dict[str, Any]]]:
    """One job and two applications as the source changed them, every version of every record."""
    moves = [(10, 1), (11, 3), (12, 6)]
    stages: list[dict[str, Any]] = []
    for application in (1, 2):
        for place, (stage, day) in enumerate(moves):
            visit = {
                "id": application * 100 + stage,
                "application_id": application,
                "job_interview_stage_id": stage,
                "entered_at": version(day),
            }
            stages.append({**visit, "exited_at": None, "updated_at": version(day)})
            if place + 1 < len(moves):
                left = version(moves[place + 1][1])
                stages.append({**visit, "exited_at": left, "updated_at": left})
    base = {"candidate_id": 9, "job_id": 1, "prospect": False, "created_at": version(1)}
    return {
        "applications": [
            {**base, "id": 1, "status": "in_process", "updated_at": version(1)},
            {**base, "id": 1, "status": "rejected", "rejected_at": version(7), "updated_at": version(7)},
            {**base, "id": 1, "status": "in_process", "rejected_at": None, "updated_at": version(8)},
            {**base, "id": 2, "status": "in_process", "updated_at": version(1)},
            {**base, "id": 2, "status": "hired", "updated_at": version(12), "last_activity_at": version(12)},
        ],
        "application_stages": stages,
        "rejection_details": [
            {"id": 5, "application_id": 1, "rejection_reason_id": 3, "updated_at": version(7)},
        ],
        "offers": [
            {
                "id": 7, "application_id": 2, "version": 1, "status": "Created", "sent_on": "2025-03-08",
                "updated_at": version(8),
            },
            {
                "id": 7, "application_id": 2, "version": 1, "status": "Accepted", "sent_on": "2025-03-08",
                "resolved_at": version(10), "updated_at": version(10),
            },
        ],
        "jobs": [
            {"id": 1, "name": "Baker", "status": "open", "opened_at": version(1), "updated_at": version(1)},
            {
                "id": 1, "name": "Baker", "status": "closed", "opened_at": version(1), "closed_at": version(12),
                "updated_at": version(12),
            },
        ],
    }  # fmt: skip


BASE = {
    "job_interview_stages": [
        {"id": 10, "job_id": 1, "sort_order": 0, "name": "Application Review", "updated_at": version(1)},
        {"id": 11, "job_id": 1, "sort_order": 1, "name": "Phone Screen", "updated_at": version(1)},
        {"id": 12, "job_id": 1, "sort_order": 2, "name": "Onsite", "updated_at": version(1)},
    ],
    "rejection_reasons": [{"id": 3, "name": "Skills", "updated_at": version(1)}],
}


def deliver(store: Store, folder: Path, records: Sequence[tuple[str, dict[str, Any]]]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    export: dict[str, list[dict[str, Any]]] = {}
    for resource, record in records:
        export.setdefault(resource, []).append(record)
    for resource, batch in export.items():
        (folder / f"{resource}.json").write_text(json.dumps(batch), encoding="utf-8")
    import_path(store, "greenhouse", folder, spool_dir=folder.parent / "spool")


def picture(store: Store) -> list[list[Any]]:
    """Everything that counts, without our ids."""
    visits = (
        select(Application.external_id, PipelineStage.name, StageVisit.entered_at, StageVisit.exited_at)
        .join(Application, Application.id == StageVisit.application_id)
        .join(PipelineStage, PipelineStage.id == StageVisit.stage_id)
    )
    applications = select(
        Application.external_id, Application.outcome, Application.ended_at, ExitReason.name
    ).outerjoin(ExitReason, ExitReason.id == Application.exit_reason_id)
    others = [
        select(OfferVersion.external_id, OfferVersion.answer, OfferVersion.answered_at),
        select(RequisitionStatusInterval.status, RequisitionStatusInterval.from_at, RequisitionStatusInterval.to_at),
        select(Opening.external_id, Opening.opened_at, Opening.filled_at, Opening.cancelled_at),
    ]
    with store.read() as connection:
        return [sorted(map(str, connection.execute(query).all())) for query in (visits, applications, *others)]


@pytest.fixture(scope="session")
def template(_sqlite_template: Path) -> Path:
    return _sqlite_template


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), parts=st.integers(2, 5))
def test_2_versions_may_come_in_any_order_and_any_number_of_deliveries(
    template: Path, tmp_path: Path, seed: int, parts: int
) -> None:
    """Parents first, since a record whose parent is unknown waits in quarantine; all else shuffled."""
    records = [(resource, record) for resource, batch in history().items() for record in batch]
    first = [(resource, record) for resource, batch in BASE.items() for record in batch]
    first += [one for one in records if one[0] in {"jobs", "applications"} and one[1]["updated_at"] == version(1)]
    whole, pieces = tmp_path / "whole.sqlite", tmp_path / "pieces.sqlite"
    for file in (whole, pieces):
        file.unlink(missing_ok=True)
        shutil.copyfile(template, file)
    one, many = Store(f"sqlite:///{whole}"), Store(f"sqlite:///{pieces}")
    deliver(one, tmp_path / "in", [*first, *records])
    expected = picture(one)
    assert "(None," not in expected[1][0] or expected[1]  # there is something to compare
    shuffled = list(records)
    random.Random(seed).shuffle(shuffled)
    deliver(many, tmp_path / "in", first)
    size = -(-len(shuffled) // parts)
    for start in range(0, len(shuffled), size):
        deliver(many, tmp_path / "in", shuffled[start : start + size])
    assert picture(many) == expected
    one.dispose()
    many.dispose()


def test_2_an_import_cut_anywhere_and_resumed_is_as_one_that_was_not(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each transaction in turn, and again while it is resumed."""
    records = [(resource, record) for resource, batch in {**BASE, **history()}.items() for record in batch]
    whole = Store(f"sqlite:///{shutil.copyfile(template, tmp_path / 'whole.sqlite')}")
    deliver(whole, tmp_path / "in", records)
    expected, cuts = picture(whole), 0
    while True:
        store = Store(f"sqlite:///{shutil.copyfile(template, tmp_path / f'{cuts}.sqlite')}")
        if not cut_after(cuts, lambda store=store: deliver(store, tmp_path / "in", records), monkeypatch):
            break
        cut_after(1, lambda store=store: resume_import(store, 1, spool_dir=tmp_path / "spool"), monkeypatch)
        with contextlib.suppress(ConflictError):  # the second cut came after its last transaction
            resume_import(store, 1, spool_dir=tmp_path / "spool")
        assert picture(store) == expected, cuts
        store.dispose()
        cuts += 1
    assert cuts > 5
    whole.dispose()


def cut_after(chunks_: int, run: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether ``run`` was stopped after its transaction number ``chunks_``, counted from 0."""
    hits: list[str] = []

    def hit(name: str) -> None:
        hits.append(name)
        if len(hits) > chunks_:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("services.ingest.loader.failpoints.hit", hit)
        try:
            run()
        except KeyboardInterrupt:
            return True
    return False


def test_2_the_history_ends_as_it_should(migrated_sqlite_url: str, tmp_path: Path) -> None:
    """What the deliveries of the test above must come to: an undone rejection, a hire dated by its acceptance."""
    store = Store(migrated_sqlite_url)
    records = [(resource, record) for resource, batch in {**BASE, **history()}.items() for record in batch]
    deliver(store, tmp_path / "in", records)
    with store.read() as connection:
        applications = connection.execute(
            select(Application.external_id, Application.outcome, Application.ended_at).order_by(Application.external_id)
        ).all()
        seat = connection.execute(select(Opening.filled_at, Opening.cancelled_at)).one()
    assert [(key, outcome, ended and ended.day) for key, outcome, ended in applications] == [
        ("1", None, None),
        ("2", "hired", 10),
    ]
    assert seat[0] is not None
    assert (seat[0].day, seat[1]) == (10, None)
    store.dispose()
