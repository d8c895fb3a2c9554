"""X8: a works agreement takes single people and small teams out of every answer, per country or office."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.store.database import Store
from services.store.tables import AuditEvent, Office, Person, Requisition, WorksAgreement
from tests.command_line import CommandLine

PURPOSE = ("--purpose", "Planning of hiring capacity")
EVERYBODYS = ("applications", "hires")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path) -> CommandLine:
    """The demonstration company with its mart."""
    folder = tmp_path_factory.mktemp("agreement")
    file = folder / "hireboard.sqlite"
    file.write_bytes(_sqlite_template.read_bytes())
    hireboard = CommandLine(f"sqlite:///{file}", folder)
    for step in (("demo", "load", "--applications", "1500", "--seed", "3"), ("mart", "build")):
        status, _, errors = hireboard.run(*step)
        assert status == 0, errors
    return hireboard


@pytest.fixture
def store(company: CommandLine) -> Iterator[Store]:
    store = Store(company.settings["HIREBOARD_DATABASE_URL"])
    yield store
    store.dispose()


@pytest.fixture
def in_germany(company: CommandLine, store: Store) -> Iterator[CommandLine]:
    """The agreement for Germany, in force during one test."""
    run(company, "set", "--country", "de", *PURPOSE)
    yield company
    with store.write() as connection:
        connection.execute(sa.delete(WorksAgreement))


def run(hireboard: CommandLine, *arguments: str) -> str:
    status, output, errors = hireboard.run("agreement", *arguments)
    assert status == 0, errors
    return output


def people_in_germany(store: Store) -> set[str]:
    with store.read() as connection:
        offices = sa.select(Office.id).where(Office.country == "DE")
        elsewhere = set(connection.scalars(sa.select(Person.name).where(Person.office_id.not_in(offices))))
        here = set(connection.scalars(sa.select(Person.name).where(Person.office_id.in_(offices))))
    return here - elsewhere  # two people may share a name


def named(rows: list[dict[str, Any]], dimension: str) -> set[str]:
    return {row[dimension] for row in rows if row["n"]}


@pytest.mark.parametrize(
    ("metric", "dimension"),
    [
        ("applications", "recruiter"),
        ("time_to_hire", "recruiter"),
        ("time_to_fill", "recruiter"),
        ("open_requisitions", "hiring_manager"),
        ("feedback_turnaround", "interviewer"),
    ],
)
def test_x8_nobody_who_works_there_is_named_to_others(
    company: CommandLine, store: Store, metric: str, dimension: str
) -> None:
    there = people_in_germany(store)
    asked = (metric, "--by", dimension, "--raw")
    before = named(company.rows(*asked), dimension)
    assert before & there, "the rule would have nothing to do"
    run(company, "set", "--country", "DE", *PURPOSE)
    try:
        after = named(company.rows(*asked), dimension)
        assert not after & there
        assert after <= before
    finally:
        run(company, "set", "--country", "DE", "--off", *PURPOSE)
    assert named(company.rows(*asked), dimension) == before


def test_x8_a_filter_by_a_person_there_finds_nothing(in_germany: CommandLine, store: Store) -> None:
    with store.read() as connection:
        offices = sa.select(Office.id).where(Office.country == "DE")
        recruiters = sa.select(Requisition.recruiter_id)
        here = sa.select(Person.name).where(Person.office_id.in_(offices), Person.id.in_(recruiters))
        names = sorted(connection.scalars(here))
    assert names
    for name in names:
        assert in_germany.row("applications", "--where", f"recruiter={name}")["value"] == 0


def test_x8_figures_of_everybody_together_stay(company: CommandLine) -> None:
    before = [company.row(metric)["value"] for metric in EVERYBODYS]
    run(company, "set", "--country", "DE", *PURPOSE)
    try:
        assert [company.row(metric)["value"] for metric in EVERYBODYS] == before
    finally:
        run(company, "set", "--country", "DE", "--off", *PURPOSE)


def test_x8_a_recruiter_there_still_sees_her_own(in_germany: CommandLine, store: Store) -> None:
    with store.read() as connection:
        rita = connection.execute(
            sa.select(Person.name, Office.country)
            .join(Office, Office.id == Person.office_id)
            .where(Person.email == "rita@northwind.example")
        ).one()
    run(in_germany, "set", "--country", rita.country, *PURPOSE)
    own = in_germany.row("applications", "--where", f"recruiter={rita.name}", "--as", "recruiter")
    assert own["value"] > 0
    assert in_germany.row("applications", "--where", f"recruiter={rita.name}", "--as", "executive")["value"] == 0


def test_x8_rates_of_a_team_under_five_are_hidden_and_its_counts_stay(company: CommandLine, store: Store) -> None:
    with store.read() as connection:
        teams = connection.execute(
            sa.select(Office.name, sa.func.count(sa.distinct(Requisition.recruiter_id)))
            .join(Requisition, Requisition.office_id == Office.id)
            .group_by(Office.name)
        ).all()
    small = {name for name, recruiters in teams if recruiters < 5}
    large = {name for name, recruiters in teams if recruiters >= 5}
    assert small
    asked = ("offer_acceptance_rate", "applications", "--by", "office", "--raw")
    before = {(row["metric"], row["office"]): row for row in company.rows(*asked)}
    for office in small | large:
        run(company, "set", "--office", office, *PURPOSE)
    try:
        after = {(row["metric"], row["office"]): row for row in company.rows(*asked)}
    finally:
        for office in small | large:
            run(company, "set", "--office", office, "--off", *PURPOSE)
    for office in small:
        row = after["offer_acceptance_rate", office]
        assert (row["value"], row["reason"], row["low"]) == (None, "hidden", None)
        assert after["applications", office] == before["applications", office]
    for office in large:
        assert after["offer_acceptance_rate", office]["value"] == before["offer_acceptance_rate", office]["value"]


def test_x8_the_council_sees_configuration_and_log_but_no_data(in_germany: CommandLine) -> None:
    listed = in_germany.json("agreement", "list", "--as", "works_council")["agreements"]
    assert [(one["kind"], one["place"]) for one in listed if one["in_force"]] == [("country", "DE")]
    in_germany.row("applications")
    events = in_germany.json("agreement", "log", "--as", "works_council", "--last", "5")["events"]
    assert events[0]["action"] == "metrics.queried"
    assert set(events[0]) == {"at", "actor", "action", "resource"}
    status, output, errors = in_germany.run("metrics", "query", "applications", "--as", "works_council")
    assert (status, output) == (1, "")
    assert "Your role does not include this (metrics.query)" in errors
    status, output, errors = in_germany.run("agreement", "set", "--country", "DE", *PURPOSE, "--as", "works_council")
    assert (status, output) == (1, "")
    assert in_germany.run("agreement", "list", "--as", "recruiter")[0] == 1


def test_x8_every_change_is_a_version_and_in_the_audit_log(company: CommandLine, store: Store) -> None:
    with store.read() as connection:
        before = connection.scalar(sa.select(sa.func.count()).where(AuditEvent.action == "agreement.changed"))
    for switch in ("--on", "--off", "--on"):
        run(company, "set", "--office", "Berlin", switch, *PURPOSE, "--keep-days", "30", "--as", "admin")
    with store.read() as connection:
        versions = connection.execute(
            sa.select(WorksAgreement.version, WorksAgreement.is_in_force, WorksAgreement.changed_by)
            .where(WorksAgreement.kind == "office")
            .order_by(WorksAgreement.id.desc())
            .limit(3)
        ).all()
        events = connection.scalars(
            sa.select(AuditEvent.detail).where(AuditEvent.action == "agreement.changed").order_by(AuditEvent.seq)
        ).all()
    newest = versions[0].version
    assert [tuple(row) for row in versions] == [
        (newest, True, "ada@northwind.example"),
        (newest - 1, False, "ada@northwind.example"),
        (newest - 2, True, "ada@northwind.example"),
    ]
    assert len(events) == (before or 0) + 3
    assert json.loads(events[-1])["keep_person_days"] == 30
    shown = json.loads(company.run("authz", "dump")[1])["agreements"]
    assert {"kind": "office", "place": "Berlin", "version": newest, "in_force": True} in shown
    run(company, "set", "--office", "Berlin", "--off", *PURPOSE)


def test_x8_a_place_without_an_office_and_an_empty_purpose_are_refused(company: CommandLine) -> None:
    for arguments, words in (
        (("--country", "XX", *PURPOSE), "There is no office in 'XX'. Countries with offices: "),
        (("--office", "Atlantis", *PURPOSE), "There is no single office 'Atlantis'. Offices: Bengaluru"),
        (("--country", "DE", "--purpose", " "), "Say what figures of this place are used for"),
        (("--country", "DE", *PURPOSE, "--keep-days", "-1"), "are kept between 0 and"),
    ):
        status, output, errors = company.run("agreement", "set", *arguments)
        assert (status, output) == (1, "")
        assert words in errors
