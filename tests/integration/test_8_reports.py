"""8: both reports for everybody of a demonstration company, under each recipient's own permissions."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pypdf
import pytest
from click.testing import CliRunner
from sqlalchemy import or_, select, update

from dashapp.commands import demo, mart
from dashapp.commands.report import command
from dashapp.config import Settings, load_settings
from dashapp.wiring import build_services
from reports.mail import render_mail
from reports.render import PdfRenderer
from services.container import Services
from services.domain.errors import ForbiddenError, InvalidInputError, NotFoundError
from services.domain.metric import Period, Query
from services.domain.people import ColumnClass, Viewer
from services.domain.views import ReportView, TableRow
from services.metrics.query import QueryLayer
from services.reporting.view_json import from_json, to_json
from services.store.database import Store
from services.store.tables import Application, Feedback, Interview, Requisition, RequisitionStatusInterval

UNTIL = datetime(2026, 11, 24)  # noqa: DTZ001 - a date, as the command line gives it
PERIODS = {"recruiter_scorecard": "2026-10", "hiring_manager_weekly": "2026-W47"}
APPLICATIONS = 2_500


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    found = load_settings({}, data_dir=tmp_path_factory.mktemp("company"), base_url="http://localhost:8050")
    demo._load(found, APPLICATIONS, 5, UNTIL)
    _let_a_manager_interview(found)
    mart.build(found)
    return found


def _let_a_manager_interview(settings: Settings) -> None:
    """Of two open applications the feedback is missing: one is the hiring manager's own, one a panel's."""
    store = Store(settings.database_url)
    with store.write() as connection:
        rows = connection.execute(
            select(Feedback.id, Requisition.hiring_manager_id)
            .join(Interview, Interview.id == Feedback.interview_id)
            .join(Application, Application.id == Interview.application_id)
            .join(Requisition, Requisition.id == Application.requisition_id)
            .where(Feedback.is_shadow.is_(False), Interview.status == "held", Application.ended_at.is_(None))
            .where(Interview.ends_at < datetime(2026, 11, 20, tzinfo=UTC))
            .order_by(Feedback.id)
        ).all()
        own, panel = rows[0], next(row for row in rows if row.hiring_manager_id != rows[0].hiring_manager_id)
        hers = {"interviewer_id": own.hiring_manager_id, "submitted_at": None}
        connection.execute(update(Feedback).where(Feedback.id == own.id).values(hers))
        connection.execute(update(Feedback).where(Feedback.id == panel.id).values(submitted_at=None))
    store.dispose()


@pytest.fixture(scope="module")
def services(settings: Settings) -> Iterator[Services]:
    found = build_services(settings)
    yield found
    found.mart.close()
    found.store.dispose()


@pytest.fixture(scope="module")
def operator(services: Services) -> Viewer:
    return services.accounts.local_operator()


@pytest.fixture(scope="module")
def renderer() -> PdfRenderer:
    return PdfRenderer("http://localhost:8050")


def rita(services: Services) -> Viewer:
    return services.accounts.viewer_by_email("recruiter")


@pytest.fixture(scope="module")
def views(services: Services, operator: Viewer) -> dict[str, list[ReportView]]:
    """Both reports of everybody, as the operator sees them."""
    return {
        kind: [services.reports.view(kind, who.id, period, operator) for who in services.reports.subjects(kind)]
        for kind, period in PERIODS.items()
    }


@pytest.fixture(scope="module", params=PERIODS)
def everybody(request: pytest.FixtureRequest, views: dict[str, list[ReportView]]) -> list[ReportView]:
    return views[request.param]


def people_with_roles_lately(services: Services, kind: str) -> set[int]:
    """Straight from the store: whose requisitions were open or on hold within the last 92 days."""
    person = Requisition.recruiter_id if kind == "recruiter_scorecard" else Requisition.hiring_manager_id
    since = UNTIL.replace(tzinfo=UTC) - timedelta(days=92)
    lately = or_(RequisitionStatusInterval.to_at.is_(None), RequisitionStatusInterval.to_at >= since)
    statement = (
        select(person)
        .join(RequisitionStatusInterval, RequisitionStatusInterval.requisition_id == Requisition.id)
        .where(person.is_not(None), RequisitionStatusInterval.status.in_(["open", "on_hold"]), lately)
    )
    with services.store.read() as connection:
        return set(connection.scalars(statement))


@pytest.mark.slow
def test_no_report_of_anybody_prints_nan_or_none_or_an_empty_frame(everybody, renderer, services):
    expected = people_with_roles_lately(services, everybody[0].head.kind)
    assert len(everybody) == len(expected) > 5
    for view in everybody:
        reader = pypdf.PdfReader(io.BytesIO(renderer.render(view)))
        text = "\n".join(page.extract_text() for page in reader.pages)
        mail = render_mail(view, archive_url="http://localhost:8050/reports/x", attachment_name="x.pdf")
        numbers = next(iter(reader.attachments.values()))[0].decode("utf-8-sig")
        for printed in (text, mail.text, mail.html, numbers):
            words = printed.replace("\n", " ").split()
            assert not {"nan", "NaN", "None", "inf", "Undefined"} & set(words), view.head.report_id
        assert len(reader.pages) >= 1
        assert text.count(view.head.report_id) == len(reader.pages)
        html = renderer.html(view)
        for frame in ('<section class="tiles t0"', "<tbody></tbody>", '<p class="empty"></p>', '<p class="value"></p>'):
            assert frame not in html
        assert to_json(from_json(to_json(view))) == to_json(view)


@pytest.mark.slow
def test_the_first_block_of_the_managers_report_is_what_only_she_can_do(views, renderer):
    for view in views["hiring_manager_weekly"]:
        html = renderer.html(view)
        assert html.index('class="asks-block"') < html.index('class="tiles')
        assert len(view.asks) <= 3
        for ask in view.asks:
            assert f'id="{(ask.href or "").removeprefix("#")}"' in html


def test_the_report_prints_the_query_layers_numbers_as_of_its_stamp(services, operator):
    subject = services.reports.subjects("recruiter_scorecard")[0]
    view = services.reports.view("recruiter_scorecard", subject.id, "2026-10", operator)
    october = Period(datetime(2026, 10, 1, tzinfo=UTC).date(), datetime(2026, 11, 1, tzinfo=UTC).date())
    who = {"recruiter": (f"{subject.name} ({subject.id})",)}
    metrics = ("time_to_fill", "offer_acceptance_rate", "time_to_hire", "hires")
    answer = services.query.ask(Query(metrics, (), who, october, view.head.stamp.as_of), operator)
    tiles = {tile.metric_id: tile.row for tile in view.tiles}
    for metric in metrics:
        assert tiles[metric] == answer.one(metric)
    assert view.head.stamp.snapshot == answer.snapshot
    assert view.head.company == "Northwind Group"


def test_each_report_declares_exactly_the_metrics_it_asks(services, operator, monkeypatch):
    """The graph of uses (issue 3) is built from these declarations."""
    asked = set()
    ask = QueryLayer.ask

    def recorded(self, query, viewer):
        asked.update(query.metrics)
        return ask(self, query, viewer)

    monkeypatch.setattr(QueryLayer, "ask", recorded)
    for kind in services.reports.kinds():
        asked.clear()
        for subject in services.reports.subjects(kind.id)[:8]:
            services.reports.view(kind.id, subject.id, PERIODS[kind.id], operator)
        assert asked == set(kind.metrics), kind.id


def test_a_closed_period_is_reported_as_of_its_end_and_a_running_one_as_of_the_snapshot(services, operator):
    subject = services.reports.subjects("recruiter_scorecard")[0].id
    closed = services.reports.view("recruiter_scorecard", subject, "2026-10", operator)
    assert datetime(2026, 11, 1, tzinfo=UTC) <= closed.head.stamp.as_of < datetime(2026, 11, 1, 13, tzinfo=UTC)
    assert closed.head.issued_at == closed.head.stamp.as_of
    running = services.reports.view("recruiter_scorecard", subject, "2026-11", operator)
    assert running.head.stamp.as_of == services.mart.snapshot().as_of.replace(tzinfo=UTC)


def test_people_see_their_own_report_and_nobody_elses(services, operator):
    own, other = rita(services), None
    for subject in services.reports.subjects("recruiter_scorecard"):
        if subject.id != str(own.person_id):
            other = subject.id
    assert [s.id for s in services.reports.subjects("recruiter_scorecard", own)] == [str(own.person_id)]
    assert services.reports.view("recruiter_scorecard", str(own.person_id), "2026-10", own).head.recipient == own.email
    assert other is not None
    for subject in (other, "999999999", "0", "-1", "1 OR 1=1", "٣", "9" * 40):
        with pytest.raises(NotFoundError):
            services.reports.view("recruiter_scorecard", subject, "2026-10", own)
    messages = set()
    for subject in (other, "999999999"):
        with pytest.raises(NotFoundError) as caught:
            services.reports.view("recruiter_scorecard", subject, "2026-10", own)
        messages.add(str(caught.value).replace(subject, "x"))
    assert len(messages) == 1, "a forbidden subject must read like a missing one"


def test_a_region_sees_only_its_own_part_of_a_recruiters_work(services, operator):
    hana = services.accounts.viewer_by_email("hrbp")
    assert not hana.scope.everything
    reached = {subject.id for subject in services.reports.subjects("recruiter_scorecard", hana)}
    everybody = {subject.id for subject in services.reports.subjects("recruiter_scorecard")}
    assert reached < everybody
    outside = min(everybody - reached)
    with pytest.raises(NotFoundError):
        services.reports.view("recruiter_scorecard", outside, "2026-10", hana)


@pytest.mark.parametrize("role", ["dei_officer", "compliance"])
def test_roles_without_reports_are_refused(services, role):
    viewer = services.accounts.viewer_by_email(role)
    with pytest.raises(ForbiddenError):
        services.reports.subjects("recruiter_scorecard", viewer)
    with pytest.raises(ForbiddenError):
        services.reports.view("recruiter_scorecard", "1", "2026-10", viewer)


def owed_rows(view: ReportView) -> list[TableRow]:
    return [row for table in view.tables if table.id == "owed" for row in table.rows]


@pytest.mark.slow
def test_candidates_are_named_only_to_those_who_may_read_them(services, views):
    executive = services.accounts.viewer_by_email("executive")
    assert ColumnClass.CANDIDATE not in executive.classes
    who_owes = [view.head.subject for view in views["hiring_manager_weekly"] if owed_rows(view)]
    assert any(ask.text.startswith("Give feedback on") for view in views["hiring_manager_weekly"] for ask in view.asks)
    assert any(ask.text.startswith("Remind your panel") for view in views["hiring_manager_weekly"] for ask in view.asks)
    for subject in who_owes[:3]:
        reader = replace(executive, classes=executive.classes | {ColumnClass.CANDIDATE})
        named, hidden = (
            services.reports.view("hiring_manager_weekly", subject, "2026-W47", viewer)
            for viewer in (reader, executive)
        )
        assert {row.label for row in owed_rows(hidden)} == {"A candidate"}
        names = {row.label for row in owed_rows(named)}
        assert "A candidate" not in names
        assert not any(name in ask.text for name in names for ask in hidden.asks)


@pytest.mark.slow
def test_the_sum_of_everybodys_open_requisitions_is_the_companys(services, operator, views):
    every = views["hiring_manager_weekly"]
    listed = sum(len(table.rows) for view in every for table in view.tables if table.id == "requisitions")
    as_of = every[0].head.stamp.as_of
    row = services.query.ask(Query(("open_requisitions",), as_of=as_of), operator).one("open_requisitions")
    assert listed == row.extra["gross"]


@pytest.mark.parametrize(
    ("kind", "period", "says"),
    [
        ("scorecard", "2026-10", "Use one of recruiter_scorecard"),
        ("recruiter_scorecard", "2026-W47", "by month"),
        ("recruiter_scorecard", "2026-13", "by month"),
        ("recruiter_scorecard", "2027-01", "has not begun"),
        ("hiring_manager_weekly", "2026-W54", "by week"),
    ],
)
def test_a_wrong_kind_or_period_says_what_is_accepted(services, operator, kind, period, says):
    with pytest.raises(InvalidInputError, match=says):
        services.reports.view(kind, "1", period, operator)


def test_a_period_before_the_first_data_is_a_report_of_nothing(services, operator, renderer):
    subject = services.reports.subjects("recruiter_scorecard")[0].id
    view = services.reports.view("recruiter_scorecard", subject, "2019-01", operator)
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(renderer.render(view))).pages)
    assert "Nobody reached a stage" in text
    assert "No requisition is open." in text


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dashapp.report_commands.load_settings", lambda: settings)
    return lambda *arguments: CliRunner().invoke(command, arguments)


def test_kinds_and_subjects_are_listed_as_json(run, services):
    kinds = json.loads(run("kinds", "--json").output)["kinds"]
    assert {kind["id"]: kind["example_period"] for kind in kinds} == PERIODS
    subjects = json.loads(run("subjects", "recruiter_scorecard", "--as", "recruiter", "--json").output)["subjects"]
    assert [subject["id"] for subject in subjects] == [str(rita(services).person_id)]


def test_render_writes_the_pdf_of_the_person_and_leaves_a_trace(run, services, tmp_path: Path):
    own = str(rita(services).person_id)
    target = tmp_path / "own.pdf"
    options = ("--period", "2026-10", "--as", "recruiter", "--out", str(target), "--paper", "Letter", "--json")
    result = json.loads(run("render", "recruiter_scorecard", "--subject", own, *options).output)
    reader = pypdf.PdfReader(target)
    assert round(reader.pages[0].mediabox.width) == 612
    assert result["report_id"] == f"RS-2026-10-{int(own):04}"
    numbers = next(iter(reader.attachments.values()))[0].decode("utf-8-sig")
    assert any(row["measure"] == "Hires" for row in csv.DictReader(io.StringIO(numbers)))
    with services.store.read() as connection:
        assert connection.exec_driver_sql(
            "SELECT count(*) FROM audit_event WHERE action = 'report.rendered'"
        ).scalar_one()


def test_a_subject_outside_the_scope_writes_no_file(run, services, tmp_path: Path):
    other = next(
        s.id for s in services.reports.subjects("recruiter_scorecard") if s.id != str(rita(services).person_id)
    )
    target = tmp_path / "other.pdf"
    result = run(
        "render",
        "recruiter_scorecard",
        "--subject",
        other,
        "--period",
        "2026-10",
        "--as",
        "recruiter",
        "--out",
        str(target),
    )
    assert isinstance(result.exception, NotFoundError)
    assert not target.exists()
