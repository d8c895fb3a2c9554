"""`hireboard limits show | set`: caps of people and stale limits of stages."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import click

from dashapp.command_services import acting, opened_services
from services.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from services.metrics.limits import Limits

as_user = click.option("--as", "user", metavar="USER", help="As this e-mail, or role in the demonstration company.")
as_json = click.option("--json", "wants_json", is_flag=True, help="One JSON document on standard output.")


@click.group("limits")
def command() -> None:
    """What an interviewer, a recruiter and a stage can carry: caps of loads, and when a candidate is stale."""


@command.command("show")
@as_user
@as_json
def show_command(user: str | None, *, wants_json: bool) -> None:
    """Print the limits in force."""
    with opened_services() as services:
        limits = services.limits.now(acting(services, user))
    click.echo(json.dumps(dataclasses.asdict(limits)) if wants_json else _words(limits))


@command.command("set")
@click.option("--interview-hours", type=float, help="An interviewer's a week.")
@click.option("--recruiter-seats", type=float, help="Weighted open seats of a recruiter.")
@click.option("--stale", multiple=True, metavar="STAGE=DAYS", help="Business days without activity; repeatable.")
@click.option("--expect-version", type=int, help="Refuse when somebody changed them since; 0 = nobody has set any.")
@as_user
@as_json
def set_command(
    interview_hours: float | None,
    recruiter_seats: float | None,
    stale: tuple[str, ...],
    expect_version: int | None,
    user: str | None,
    *,
    wants_json: bool,
) -> None:
    """Set limits from now on; what is not named stays as it is. Answers and pages follow within seconds."""
    with opened_services() as services:
        limits = services.limits.put(
            acting(services, user),
            interview_hours=interview_hours,
            recruiter_seats=recruiter_seats,
            stale_days=dict(_stage_days(one) for one in stale),
            expected_version=expect_version,
        )
    click.echo(json.dumps(dataclasses.asdict(limits)) if wants_json else _words(limits))


def _stage_days(text: str) -> tuple[str, float]:
    stage, _, days = text.partition("=")
    try:
        return stage.strip(), float(days)
    except ValueError:
        raise InvalidInputError(f"--stale takes a stage and days, such as screen=5, not {text[:40]!r}.") from None


def _words(limits: Limits) -> str:
    stages = ", ".join(f"{stage} {days:g}" for stage, days in limits.stale_days.items())
    return (
        f"Version {limits.version}. An interviewer has {limits.interview_hours:g} hours a week, a recruiter carries "
        f"{limits.recruiter_seats:g} weighted seats.\nStale after more business days without activity than: {stages}."
    )
