"""`hireboard validate greenhouse PATH --period 2026-10`: published figures against a fresh export, with certificate."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dashapp.command_services import acting, opened_services
from dashapp.config import load_settings
from services.access.policy import Action
from services.accounts.directory import LOCAL_OPERATOR
from services.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from services.container import Services
    from services.domain.people import Viewer
    from services.validation.validating import Outcome, Validation

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


def make_validation(services: Services, viewer: Viewer, base_url: str) -> Validation:
    """Published figures are what the query layer tells ``viewer``, who may see them unrounded."""
    from reports.render import PdfRenderer  # noqa: PLC0415 - loads Pango
    from services.metrics.registry import REGISTRY  # noqa: PLC0415 - loads numpy
    from services.reporting.view_json import to_json  # noqa: PLC0415 - as above
    from services.validation.validating import Outside, Validation  # noqa: PLC0415 - loads pandas

    outside = Outside(
        publish=lambda query: services.query.ask(query, viewer),
        render=PdfRenderer(base_url).render,
        to_json=to_json,
        names={metric.id: metric.name for metric in REGISTRY.values()},
        hold=services.query.hold,
    )
    return Validation(services.store, services.archive, services.audit, outside)


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
