"""`hireboard validate greenhouse PATH --period 2026-10`: published figures against a fresh export, with certificate."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dashapp.command_services import acting, opened_services
from dashapp.config import load_settings
from dashapp.validations import make_validation
from services.access.policy import Action
from services.accounts.directory import LOCAL_OPERATOR
from services.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from services.validation.plans import Lack, Plan
    from services.validation.validating import Outcome

DRIFT_STATUS = 3
"""Exit status when figures do not agree: a schedule must notice."""


@click.group("validate")
def command() -> None:
    """Recompute figures from a source's fresh export, with nothing of ours, and certify that they agree."""


@command.command("greenhouse")
@click.argument("folder", metavar="PATH", type=click.Path(path_type=Path))
@click.option("--period", required=True, metavar="PERIOD", help="2026-10, 2026-Q3 or 2026-W47.")
@click.option("--as-of", metavar="TIME", help="Ignore what happened later; UTC unless it says otherwise.")
@click.option("--mapping", type=click.Path(path_type=Path), help="Mapping file whose stages count as approved.")
@click.option(
    "--accept-configuration",
    "accepts",
    is_flag=True,
    help="Approve stages and time zones as the store has them now; else those of the last certificate count.",
)
@click.option("--as", "user", metavar="USER", help="As this e-mail, or role in the demonstration company.")
@click.option("--json", "wants_json", is_flag=True, help="One JSON document on standard output.")
@click.pass_context
def greenhouse_command(
    context: click.Context,
    folder: Path,
    period: str,
    as_of: str | None,
    mapping: Path | None,
    user: str | None,
    *,
    accepts: bool,
    wants_json: bool,
) -> None:
    """Compare the figures of PERIOD with PATH, a fresh export. Exit status 3 = some do not agree."""
    from services.validation.validating import Asked  # noqa: PLC0415 - pandas is loaded only when it is needed

    with opened_services() as services:
        viewer = acting(services, user)
        services.policy.require(viewer, Action.METRICS_RAW)
        actor = LOCAL_OPERATOR if viewer.user_id is None else viewer.email
        asked = Asked(folder, period, _instant(as_of), mapping, accepts=accepts, actor=actor)
        outcome = make_validation(services, viewer, load_settings().base_url).validate(asked)
    click.echo(json.dumps(document_of(outcome)) if wants_json else words_of(outcome))
    if outcome.drift:
        context.exit(DRIFT_STATUS)


@command.command("schedule")
@click.option("--folder", type=click.Path(path_type=Path), help="Where the fresh export lies when it is due.")
@click.option("--day", type=int, default=3, show_default=True, help="Of the month, 1 to 28.")
@click.option("--hour", type=int, default=6, show_default=True, help="Local to --timezone.")
@click.option("--timezone", default="UTC", show_default=True, metavar="ZONE")
@click.option("--owner", metavar="EMAIL", help="The administrator who gets certificate and questions.")
@click.option("--fresh-hours", type=int, default=48, show_default=True, help="An older file is no fresh export.")
@click.option("--mapping", type=click.Path(path_type=Path), help="Mapping file whose stages count as approved.")
@click.option("--stop", is_flag=True, help="No further validation is due.")
@click.option("--expect-version", type=int, help="Refuse when somebody changed it since; 0 = there is none.")
@click.option("--as", "user", metavar="USER", help="As this e-mail, or role in the demonstration company.")
@click.option("--json", "wants_json", is_flag=True, help="One JSON document on standard output.")
def schedule_command(
    folder: Path | None,
    day: int,
    hour: int,
    timezone: str,
    owner: str | None,
    fresh_hours: int,
    mapping: Path | None,
    expect_version: int | None,
    user: str | None,
    *,
    stop: bool,
    wants_json: bool,
) -> None:
    """Validate Greenhouse every month from the export in a folder; without --folder or --stop, show what is set."""
    from services.validation.plans import ValidationPlans, Wanted  # noqa: PLC0415 - commands wait less

    with opened_services() as services:
        viewer = acting(services, user)
        services.policy.require(viewer, Action.SCHEDULES_MANAGE)
        plans = ValidationPlans(services.store, services.policy, services.accounts, services.audit)
        if folder is not None:
            if owner is None:
                raise InvalidInputError("Say with --owner which administrator gets certificate and questions.")
            plans.put(Wanted(folder, day, owner, hour, timezone, fresh_hours, mapping), viewer, expect_version)
        elif stop:
            plans.stop(viewer, expect_version)
        plan, lack = plans.now(), plans.lack()
    document = {
        "version": plan.version,
        "active": plan.is_active,
        "folder": str(plan.folder) if plan.version else None,
        "mapping": str(plan.mapping) if plan.mapping else None,
        "day": plan.day,
        "hour": plan.hour,
        "timezone": plan.timezone,
        "owner": plan.owner,
        "fresh_hours": plan.fresh_hours,
        "waits": {"period": lack.period, "reason": lack.reason, "since": lack.opened_at.isoformat()} if lack else None,
    }
    click.echo(json.dumps(document) if wants_json else _schedule_in_words(plan, lack))


def _schedule_in_words(plan: Plan, lack: Lack | None) -> str:
    if not plan.is_active:
        return "No validation is scheduled. Set one with --folder, --day and --owner."
    lines = [
        (
            f"On day {plan.day} of each month at {plan.hour:02}:00 {plan.timezone} from {plan.folder}, files of at "
            f"most {plan.fresh_hours} hours; to {plan.owner} (version {plan.version})."
        )
    ]
    if lack is not None:
        lines.append(f"Waits since {lack.opened_at:%Y-%m-%d %H:%M} UTC for {lack.period}: {lack.reason}")
    return "\n".join(lines)


def document_of(outcome: Outcome) -> dict[str, Any]:
    """For programs."""
    from services.validation.certificate import plain  # noqa: PLC0415 - loads pandas

    return {
        "certificate": outcome.certificate_id,
        "archive": outcome.archive_public_id,
        "period": outcome.period,
        "as_of": outcome.as_of.isoformat(),
        "snapshot": outcome.snapshot,
        "holds": not outcome.drift,
        "drift": list(outcome.drift),
        "results": [plain(one) for one in outcome.results],
        "changes": [plain(one) for one in outcome.changes],
    }


def words_of(outcome: Outcome) -> str:
    """For a person: what does not agree, what was left out, what changed."""
    from services.validation.comparing import Verdict  # noqa: PLC0415 - loads pandas

    count = {verdict: sum(one.verdict is verdict for one in outcome.results) for verdict in Verdict}
    lines = [
        f"{outcome.period} as of {outcome.as_of:%Y-%m-%d %H:%M} UTC, snapshot {outcome.snapshot}",
        (
            f"{count[Verdict.HOLDS]} figures agree, {count[Verdict.DIFFERS]} differ, "
            f"{count[Verdict.NOT_COMPARED]} were not compared."
        ),
    ]
    lines += [
        f"differs: {one.metric} {one.group}".rstrip()
        + f"  published {_number(one.published)} (n {one.published_n})"
        + f"  recomputed {_number(one.recomputed)} (n {one.recomputed_n})"
        for one in outcome.results
        if one.verdict is Verdict.DIFFERS
    ]
    why = {one.metric: one.why for one in outcome.results if one.why}
    lines += [f"not compared: {metric}, {reason}" for metric, reason in why.items()]
    lines += [
        f"changed: {one.section} {one.name}  {one.before or '-'} -> {one.after or '-'}  by {one.changed_by}"
        f" {one.changed_at}".rstrip()
        for one in outcome.changes
    ]
    return "\n".join([*lines, f"Certificate {outcome.certificate_id} is in the archive ({outcome.archive_public_id})."])


def _number(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.6g}"


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(f"--as-of takes a time such as 2026-10-31T23:59, not {text[:40]!r}.") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
