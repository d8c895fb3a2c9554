"""1.1, 1.2, 1.5: reports follow the template and profile of their period, and say why; goals stand on nobody's."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pypdf
import pytest
from sqlalchemy import insert, select, update

from dashapp.commands import demo, mart
from dashapp.config import load_settings
from dashapp.wiring import build_services
from reports.render import PdfRenderer
from services.container import Services
from services.domain.people import Viewer
from services.domain.views import ReportView
from services.metrics.places import COMPANY
from services.metrics.profiles import Profiles
from services.metrics.profiles import Wanted as WantedProfile
from services.metrics.scorecard_templates import Templates, Wanted
from services.reporting.definitions.selection import incomplete
from services.reporting.view_json import to_json
from services.store.tables import Department, DiversityGoal, Person
from tests.delivery_scenes import HandClock

UNTIL = datetime(2026, 11, 24)  # noqa: DTZ001 - a date, as the command line gives it
SCORECARD, WEEKLY = ("recruiter_scorecard", "2026-10"), ("hiring_manager_weekly", "2026-W43")
IN_OCTOBER = datetime(2026, 10, 5, tzinfo=UTC)
IN_NOVEMBER = datetime(2026, 11, 10, tzinfo=UTC)


class Scene:
    def __init__(self, services: Services) -> None:
        self.services = services
        self.ada: Viewer = services.accounts.local_operator()
        self.clock = HandClock(IN_OCTOBER)
        self.templates = Templates(services.store, services.policy, services.audit, clock=self.clock)
        self.profiles = Profiles(services.store, services.policy, services.audit, clock=self.clock)

    def view(self, kind: str, period: str) -> ReportView:
        subject = self.services.reports.subjects(kind)[0]
        return self.services.reports.view(kind, subject.id, period, self.ada)

    def figures(self, kind: str, period: str) -> list[str]:
        return [tile.metric_id for tile in self.view(kind, period).tiles]

    def words(self, kind: str, period: str) -> str:
        return " ".join(note.text for note in self.view(kind, period).notes)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    settings = load_settings({}, data_dir=tmp_path_factory.mktemp("company"), base_url="http://localhost:8050")
    demo._load(settings, 1_200, 5, UNTIL)
    mart.build(settings)
    services = build_services(settings)
    yield Scene(services)
    services.mart.close()
    services.store.dispose()


def test_1_2_reports_follow_the_template_and_profile_of_their_period(scene: Scene) -> None:
    before = {kind: to_json(scene.view(*kind)) for kind in (SCORECARD, WEEKLY)}
    assert scene.figures(*SCORECARD)[0] == "time_to_fill"
    assert "template" not in scene.words(*SCORECARD)

    scene.clock.now = IN_NOVEMBER  # after both periods
    wanted = ("hires", "time_to_hire", "representation", "offer_acceptance_rate")
    away = ("pass_through_rate", "source_conversion", "candidate_nps", "quality_of_hire_90", "time_to_fill")
    scene.templates.put(COMPANY, Wanted("House standard", wanted, away), scene.ada)
    assert {kind: to_json(scene.view(*kind)) for kind in before} == before

    november = ("recruiter_scorecard", "2026-11")
    assert scene.figures(*november) == ["hires", "time_to_hire", "offer_acceptance_rate"]
    assert "“House standard”, because it is the standard" in scene.words(*november)
    assert "Not in a report about one person: Representation" in scene.words(*november)

    weights = {"offer_acceptance_rate": 0.7, "time_to_hire": 0.3}
    review = date(2027, 6, 1)
    scene.profiles.put(
        COMPANY, WantedProfile("quality", weights, "Eva", "Leavers", review, IN_NOVEMBER.date()), scene.ada
    )
    assert scene.figures(*november) == ["offer_acceptance_rate", "time_to_hire", "hires"]
    assert "quality first, by the priority profile of the company" in scene.words(*november)
    assert {kind: to_json(scene.view(*kind)) for kind in before} == before
    pdf = PdfRenderer("http://localhost:8050").render(scene.view(*november))
    assert pdf.startswith(b"%PDF")


def test_1_5_no_goal_is_on_a_persons_report(scene: Scene) -> None:
    services = scene.services
    goal = {
        "key": "1/DE/applied/gender/Women",
        "version": 1,
        "department_id": 1,
        "country": "DE",
        "stage": "applied",
        "question": "gender",
        "category": "Women",
        "share": 0.4321,
        "until_on": date(2027, 12, 31),
        "legal_approver": None,
        "reason": "Outreach",
        "is_in_force": True,
        "changed_at": IN_OCTOBER - timedelta(days=30),
        "changed_by": "dee@northwind.example",
    }
    with services.store.write() as connection:
        goal["department_id"] = connection.scalar(select(Department.id).order_by(Department.id))
        connection.execute(update(Person).values(department_id=goal["department_id"]))
        connection.execute(insert(DiversityGoal).values(**goal))
    for kind in (SCORECARD, WEEKLY):
        text = to_json(scene.view(*kind)).decode()
        assert "0.4321" not in text
        assert "Women" not in text


def test_1_5_a_figure_that_carries_the_mark_is_called_incomplete_on_paper(scene: Scene) -> None:
    tiles = [tile for tile in scene.view(*SCORECARD).tiles if tile.metric_id == "hires"]
    assert incomplete(tiles) == ()
    mark = "formal KPI from 1 Jan 2026, incomplete: under 80% asked about themselves at hire"
    marked = [replace(tile, row=replace(tile.row, note=mark)) for tile in tiles]
    (note,) = incomplete(marked)
    assert (note.kind, note.text) == ("warning", "Hires is incomplete: under 80% asked about themselves at hire.")
    view = replace(scene.view(*SCORECARD), notes=(note,))
    page = pypdf.PdfReader(io.BytesIO(PdfRenderer("http://localhost:8050").render(view)))
    assert "Hires is incomplete" in " ".join(one.extract_text() for one in page.pages).replace("\n", " ")
