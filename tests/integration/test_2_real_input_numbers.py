"""2: the numbers of a real export, through import, mart and command line, on both stores.

Known numbers come from the file beside the export; what it does not hold is worked out here from the export's own JSON
with exact fractions and lifelines. A second test alters 1 % of the records at random, so that a look-up cannot pass.
"""

from __future__ import annotations

import json
import random
import shutil
import statistics
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from lifelines import KaplanMeierFitter

from tests.command_line import CommandLine
from tests.services_for_tests import ThrowAwayPostgres

DAYS, RATE = 0.05, 1e-6
AS_OF = ("2019-07-15", "2019-08-15", "2019-09-15")
STAGES_CHECKED = ("Application Review", "First Screening", "Interview Scheduling", "Offer")
SHARES_AFTER = (1, 3, 7, 14, 30)
Record = dict[str, Any]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('numbers') / 'hireboard.sqlite'}"
        return
    server: ThrowAwayPostgres = request.getfixturevalue("postgres")
    name = server.new_database()
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture(scope="module")
def export(shared_data: Path) -> Path:
    return shared_data / "recruiting-red-harvest-v3"


@pytest.fixture(scope="module")
def numbers(shared_data: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared_data / "recruiting-red-numbers.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def hireboard(database_url: str, export: Path, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    return loaded(database_url, export, tmp_path_factory.mktemp("data"))


def loaded(database_url: str, export: Path, folder: Path) -> CommandLine:
    hireboard = CommandLine(database_url, folder)
    for arguments in (("migrate",), ("import", "greenhouse", export), ("mart", "build")):
        status, _, errors = hireboard.run(*arguments)
        assert status == 0, errors
    return hireboard


def test_2_hires_offers_and_time_to_hire(hireboard: CommandLine, numbers: dict[str, Any]) -> None:
    names = ("applications", "hires", "offer_acceptance_rate", "time_to_hire")
    found = {row["metric"]: row for row in hireboard.rows(*names)}
    assert found["applications"]["value"] == numbers["n_applications"]
    assert found["hires"]["value"] == numbers["terminal"]["hired"]
    rate = found["offer_acceptance_rate"]
    assert rate["value"] == pytest.approx(numbers["offer_acceptance_rate_resolved"], abs=RATE)
    assert (rate["numerator"], rate["denominator"]) == (numbers["offers"]["Accepted"], sum(numbers["offers"].values()))
    expected = numbers["time_to_hire_elapsed_days (applied->offer accepted)"]
    row = found["time_to_hire"]
    assert (row["n"], row["estimator"]) == (expected["n"], "plain_median")
    actual = (row["value"], row["extra"]["mean"], row["extra"]["p90"])
    assert actual == pytest.approx((expected["median"], expected["mean"], expected["p90_linear"]), abs=DAYS)


def test_2_half_of_those_who_are_hired_are_hired_by_day_40(hireboard: CommandLine, numbers: dict[str, Any]) -> None:
    """Everybody's end is known, so the conditional median is the hired ones'; censoring the rejected says 78.1."""
    row = hireboard.row("time_to_hire_cohort", "--raw")
    median = numbers["time_to_hire_elapsed_days (applied->offer accepted)"]["median"]
    assert row["value"] == pytest.approx(median, abs=2 * DAYS)
    assert (row["n"], row["events"]) == (numbers["n_applications"], numbers["terminal"]["hired"])
    hired_in_time = row["extra"]["hired_by_horizon"] * numbers["n_applications"]
    assert hired_in_time == pytest.approx(round(hired_in_time), abs=1e-6)
    clustered = hireboard.row("time_to_hire_cohort", "--raw", "--clustered")
    assert clustered["low"] < row["value"] < clustered["high"]


def test_2_no_seat_is_left_out_as_evergreen(hireboard: CommandLine, numbers: dict[str, Any]) -> None:
    """The export lists no openings: its 89 seats begin with the job, and the first offer came a month later."""
    row = hireboard.row("time_to_fill")
    assert (row["events"], row["extra"]["evergreen"]) == (numbers["terminal"]["hired"], 0)
    assert row["definition_version"] == 2


def test_2_hires_and_applications_by_month(hireboard: CommandLine, numbers: dict[str, Any]) -> None:
    rows = hireboard.rows("applications", "hires", "--by", "month", "--from", "2019-05-01", "--to", "2019-10-31")
    found = {(row["metric"], row["month"]): row["value"] for row in rows}
    cohorts = numbers["cohort_by_applied_month"]
    assert {month: found["applications", month] for month in cohorts} == {
        month: cohort["applied"] for month, cohort in cohorts.items()
    }
    hires = numbers["hires_by_hire_month"]
    assert {month: found["hires", month] for month in hires} == hires
    assert found["hires", "2019-05"] == 0


def test_2_naive_time_in_stage_of_every_stage(hireboard: CommandLine, numbers: dict[str, Any]) -> None:
    expected = numbers["time_in_stage_elapsed_days"]
    rows = {row["stage"]: row for row in hireboard.rows("time_in_stage_completed", "--by", "stage")}
    assert set(rows) == set(expected)
    for stage, known in expected.items():
        row = rows[stage]
        assert row["n"] == known["n"] == numbers["reached_stage"][stage]
        actual = (row["value"], row["extra"]["mean"], row["extra"]["p90"])
        assert actual == pytest.approx((known["median"], known["mean"], known["p90_linear"]), abs=DAYS), stage
    naive = {row["stage"]: row["naive"] for row in hireboard.rows("time_in_stage", "--by", "stage")}
    assert naive == pytest.approx({stage: known["median"] for stage, known in expected.items()}, abs=DAYS)


def test_2_open_applications_as_of_each_date(hireboard: CommandLine, numbers: dict[str, Any]) -> None:
    expected = numbers["open_applications_as_of"]
    found = {as_of: hireboard.row("open_applications", "--as-of", as_of)["value"] for as_of in expected}
    assert found == expected


@pytest.mark.parametrize("as_of", AS_OF)
def test_2_kaplan_meier_at_three_cuts(hireboard: CommandLine, export: Path, as_of: str) -> None:
    rows = hireboard.rows("time_in_stage", "--by", "stage", "--as-of", as_of, "--raw")
    found = {row["stage"]: row for row in rows}
    for stage in STAGES_CHECKED:
        durations, observed = visits_at(export, stage, instant(as_of))
        row = found[stage]
        assert (row["n"], row["events"]) == (len(durations), sum(observed))
        fitter = KaplanMeierFitter().fit(durations, observed)
        for days in SHARES_AFTER:
            if days * 10 <= max(durations):
                theirs = float(fitter.survival_function_at_times(days * 10).iloc[0])
                assert row["extra"][f"still_after_{days}"] == pytest.approx(theirs, abs=RATE), (stage, days)
        curve = exact_curve(durations, observed)
        for name, level in (("p25", Fraction(3, 4)), ("value", Fraction(1, 2)), ("p75", Fraction(1, 4))):
            exact = next((t for t, survival in curve if survival <= level), None)
            assert row[name] == (None if exact is None else exact / 10), (stage, name)
        if row["value"] is None:
            assert row["reason"] == "not_reached"
            assert row["note"] == f"> {max(durations) / 10:g}"


def test_2_one_percent_altered_at_random_changes_the_numbers_as_recomputed(
    database_url: str, export: Path, tmp_path: Path, postgres: ThrowAwayPostgres
) -> None:
    altered = tmp_path / "altered"
    seed = random.SystemRandom().randrange(2**32)
    changed = alter(export, altered, random.Random(seed))
    name = postgres.new_database() if database_url.startswith("postgres") else None
    url = postgres.url(name) if name else f"sqlite:///{tmp_path / 'altered.sqlite'}"
    try:
        hireboard = loaded(url, altered, tmp_path / "data")
        check_altered(hireboard, altered, f"seed {seed}, altered {sorted(changed)}")
    finally:
        if name:
            postgres.drop_database(name)


def check_altered(hireboard: CommandLine, altered: Path, message: str) -> None:
    offers = [offer["status"] for offer in records(altered, "offers")]
    applied = {row["id"]: instant(row["created_at"]) for row in records(altered, "applications")}
    accepted = {o["application_id"]: o for o in records(altered, "offers") if o["status"] == "Accepted"}
    waits = [(instant(o["resolved_at"]) - applied[key]) / timedelta(days=1) for key, o in accepted.items()]
    names = ("applications", "hires", "offer_acceptance_rate", "time_to_hire")
    found = {row["metric"]: row for row in hireboard.rows(*names)}
    assert found["applications"]["value"] == len(applied), message
    assert found["hires"]["value"] == len(accepted), message
    assert found["offer_acceptance_rate"]["value"] == pytest.approx(len(accepted) / len(offers), abs=RATE), message
    assert found["time_to_hire"]["value"] == pytest.approx(statistics.median(waits), abs=DAYS), message
    stays: dict[str, list[float]] = {}
    for stage, start, end in visits(altered):
        stays.setdefault(stage, []).append((end - start) / timedelta(days=1))
    rows = {row["stage"]: row for row in hireboard.rows("time_in_stage_completed", "--by", "stage")}
    assert {stage: row["n"] for stage, row in rows.items()} == {stage: len(days) for stage, days in stays.items()}
    medians = {stage: statistics.median(days) for stage, days in stays.items()}
    assert {stage: row["value"] for stage, row in rows.items()} == pytest.approx(medians, abs=DAYS), message
    at = instant("2019-08-15")
    still = sum(start <= at < end for start, end in lifetimes(altered))
    assert hireboard.row("open_applications", "--as-of", "2019-08-15")["value"] == still, message


# --- the export, read with nothing of ours ---------------------------------------------------------------------------


def instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def records(export: Path, resource: str) -> list[Record]:
    found: list[Record] = json.loads((export / f"{resource}.json").read_text(encoding="utf-8"))
    return found


def visits(export: Path) -> Iterator[tuple[str, datetime, datetime]]:
    names = {row["id"]: row["name"] for row in records(export, "job_interview_stages")}
    for row in records(export, "application_stages"):
        yield names[row["job_interview_stage_id"]], instant(row["entered_at"]), instant(row["exited_at"])


def lifetimes(export: Path) -> Iterator[tuple[datetime, datetime]]:
    resolved = {o["application_id"]: o["resolved_at"] for o in records(export, "offers") if o["status"] == "Accepted"}
    for row in records(export, "applications"):
        yield instant(row["created_at"]), instant(row["rejected_at"] or resolved[row["id"]])


def visits_at(export: Path, stage: str, at: datetime) -> tuple[list[int], list[bool]]:
    """Durations in tenths of a day, half up, and whether the visit was over by ``at``."""
    durations, observed = [], []
    for name, start, end in visits(export):
        if name == stage and start <= at:
            seconds = int((min(end, at) - start).total_seconds())
            durations.append((seconds + 4320) // 8640)
            observed.append(end <= at)
    return durations, observed


def exact_curve(durations: list[int], observed: list[bool]) -> list[tuple[int, Fraction]]:
    survival, curve = Fraction(1), []
    events = Counter(t for t, is_event in zip(durations, observed, strict=True) if is_event)
    for time in sorted(events):
        at_risk = sum(t >= time for t in durations)
        survival *= Fraction(at_risk - events[time], at_risk)
        curve.append((time, survival))
    return curve


# --- one per cent, altered --------------------------------------------------------------------------------------------


def alter(export: Path, target: Path, rng: random.Random) -> set[int]:
    """Copy the export; 1 % of its applications vanish, end later, or answer their offer the other way."""
    shutil.copytree(export, target)
    for file in target.iterdir():
        file.chmod(0o644)
    tables = {
        name: records(export, name)
        for name in ("applications", "application_stages", "offers", "interviews", "rejection_details")
    }
    with_offer = [offer["application_id"] for offer in tables["offers"]]
    chosen = rng.sample([row["id"] for row in tables["applications"]], 6)
    flipped = rng.sample(sorted(set(with_offer) - set(chosen)), 3)
    gone, later = set(chosen[:3]), set(chosen[3:])
    for name, rows in tables.items():
        key = "id" if name == "applications" else "application_id"
        tables[name] = [row for row in rows if row[key] not in gone]
    for application_id in later:
        _end_later(tables, application_id, timedelta(seconds=rng.randrange(3_600, 40 * 86_400)))
    for application_id in flipped:
        _answer_the_other_way(tables, application_id)
    for name, rows in tables.items():
        (target / f"{name}.json").write_text(json.dumps(rows), encoding="utf-8")
    return {*gone, *later, *flipped}


def _of(tables: dict[str, list[Record]], name: str, application_id: int) -> list[Record]:
    key = "id" if name == "applications" else "application_id"
    return [row for row in tables[name] if row[key] == application_id]


def _end_later(tables: dict[str, list[Record]], application_id: int, delay: timedelta) -> None:
    last = max(_of(tables, "application_stages", application_id), key=lambda row: str(row["entered_at"]))
    end = (instant(last["exited_at"]) + delay).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    last["exited_at"] = last["updated_at"] = end
    for application in _of(tables, "applications", application_id):
        application["updated_at"] = end
        if application["rejected_at"]:
            application["rejected_at"] = end
    for detail in _of(tables, "rejection_details", application_id):
        detail["rejected_at"] = end
    for offer in _of(tables, "offers", application_id):
        offer["resolved_at"] = end


def _answer_the_other_way(tables: dict[str, list[Record]], application_id: int) -> None:
    (offer,) = _of(tables, "offers", application_id)
    (application,) = _of(tables, "applications", application_id)
    was_accepted = offer["status"] == "Accepted"
    offer["status"] = "Rejected" if was_accepted else "Accepted"
    application["status"] = "rejected" if was_accepted else "hired"
    application["rejected_at"] = offer["resolved_at"] if was_accepted else None
    tables["rejection_details"] = [
        row for row in tables["rejection_details"] if row["application_id"] != application_id
    ]
