"""2.4 and the loads: caps and stale limits are set in the store, and figures follow them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from dashapp.config import Settings
from dashapp.factory import _stamp
from dashapp.wiring import build_services
from services.container import Services
from services.domain.errors import ConflictError, ForbiddenError, InvalidInputError
from services.domain.metric import Query
from services.domain.people import Role, Scope, Viewer
from services.metrics import limits
from services.metrics.limits import STANDARD
from services.store.tables import AuditEvent
from tests.command_line import CommandLine
from tests.validation_scenes import company, mapping, write

RON = Viewer(1, "ron@northwind.example", "Recruiting manager Ron", roles=frozenset({Role.RECRUITING_MANAGER}))
MAX = Viewer(2, "max@northwind.example", "Hiring manager Max", roles=frozenset({Role.HIRING_MANAGER}))


@pytest.fixture
def hireboard(tmp_path: Path, migrated_store_url: str) -> CommandLine:
    return CommandLine(migrated_store_url, tmp_path / "data")


@pytest.fixture
def services(hireboard: CommandLine, tmp_path: Path, migrated_store_url: str) -> Iterator[Services]:
    export = company()
    for stage in export["application_stages"]:
        stage["exited_at"] = None
    given = ("--mapping", mapping(tmp_path))
    for arguments in (("import", "greenhouse", write(export, tmp_path / "export"), *given), ("mart", "build")):
        status, _, errors = hireboard.run(*arguments)
        assert status == 0, errors
    found = build_services(Settings(database_url=migrated_store_url, data_dir=tmp_path / "data"))
    yield found
    found.mart.close()
    found.store.dispose()


def test_2_4_a_stale_limit_that_is_set_changes_the_count_and_what_answers_are_known_by(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LOOK_AGAIN_S", 0.0)
    operator = services.accounts.local_operator()
    stamp = _stamp(services)
    before = services.query.ask(Query(("stale_candidates",)), operator).one("stale_candidates")
    assert before.value
    services.limits.put(operator, stale_days=dict.fromkeys(STANDARD.stale_days, 260.0))
    after = services.query.ask(Query(("stale_candidates",)), operator).one("stale_candidates")
    assert (after.value, after.denominator) == (0, before.denominator)
    assert _stamp(services) != stamp


def test_2_4_limits_are_versioned_audited_and_checked(services: Services) -> None:
    settings, ron = services.limits, Viewer(1, RON.email, RON.name, roles=RON.roles, scope=Scope(everything=True))
    assert settings.now(ron) == STANDARD
    first = settings.put(ron, interview_hours=8, expected_version=0)
    assert (first.version, first.interview_hours, first.recruiter_seats) == (1, 8, STANDARD.recruiter_seats)
    with pytest.raises(ConflictError):
        settings.put(ron, recruiter_seats=20, expected_version=0)
    with pytest.raises(ForbiddenError):
        settings.put(MAX, recruiter_seats=20)
    with pytest.raises(InvalidInputError):
        settings.put(RON, recruiter_seats=20)  # of one department only
    with pytest.raises(InvalidInputError):
        settings.put(ron, interview_hours=0.0)
    with pytest.raises(InvalidInputError):
        settings.put(ron, recruiter_seats=float("nan"))
    with pytest.raises(InvalidInputError, match="no stage"):
        settings.put(ron, stale_days={"onboarding": 5})
    assert settings.now(ron).version == 1
    with services.store.read() as connection:
        assert list(connection.scalars(select(AuditEvent.action).where(AuditEvent.action == "limits.set"))) == [
            "limits.set"
        ]


def test_2_4_the_command_shows_and_sets_limits(hireboard: CommandLine) -> None:
    assert hireboard.json("limits", "show")["stale_days"]["screen"] == 5
    given = ("limits", "set", "--stale", "screen=3", "--recruiter-seats", "12")
    assert hireboard.json(*given)["stale_days"] == {**STANDARD.stale_days, "screen": 3}
    status, words, _ = hireboard.run("limits", "show")
    assert (status, "12 weighted seats" in words, "screen 3" in words) == (0, True, True)
    assert hireboard.run("limits", "set", "--stale", "screen")[0] == 1
