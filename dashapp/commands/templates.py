"""`hireboard templates`: what a role's scorecard shows and why, which roles have which, and which need their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from dashapp.command_services import acting, opened_services
from services.domain.metric import Period
from services.domain.periods import add_months

if TYPE_CHECKING:
    from services.metrics.scorecard_templates import Resolved, Template
    from services.metrics.template_coverage import Finding

as_json = click.option("--json", "wants_json", is_flag=True, help="One JSON document on standard output.")
as_user = click.option("--as", "user", metavar="USER", help="As this e-mail, or role in the demonstration company.")
DAY = click.DateTime(["%Y-%m-%d"])


def _of_place(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name a place; none = the standard."""
    level = click.option("--level", metavar="NAME", help="With --job-family: a role.")
    family = click.option("--job-family", metavar="NAME")
    department = click.option("--department", metavar="NAME")
    return department(family(level(function)))


@click.group("templates")
def command() -> None:
    """Scorecard templates: list, show, set, end, why, coverage, differs."""


@command.command("list")
@as_user
@as_json
def list_command(user: str | None, *, wants_json: bool) -> None:
    """Every template in force, from the standard to roles."""
    from services.metrics.scorecard_templates import BUILT_IN  # noqa: PLC0415 - loads the registry

    with opened_services() as services:
        found = list(services.planning.templates.book(acting(services, user)).templates)
    if not any(one.place == BUILT_IN.place for one in found):
        found.insert(0, BUILT_IN)
    if wants_json:
        click.echo(json.dumps({"templates": [_document(one) for one in found]}))
        return
    click.echo("\n".join(_line(one) for one in found))


@command.command("show")
@_of_place
@as_user
@as_json
def show_command(
    department: str | None, job_family: str | None, level: str | None, user: str | None, *, wants_json: bool
) -> None:
    """The own template of one place."""
    from services.domain.errors import NotFoundError  # noqa: PLC0415 - as above

    with opened_services() as services:
        place = services.planning.place(department, job_family, level)
        found = services.planning.templates.book(acting(services, user)).at(place)
    if found is None:
        raise NotFoundError(f"{place.words.capitalize()} has no template of its own. `why` shows which one counts.")
    click.echo(json.dumps(_document(found)) if wants_json else _line(found))


@command.command("set")
@_of_place
@click.option("--name", required=True)
@click.option("--metric", "metrics", multiple=True, metavar="ID", help="A metric it adds, in this order.")
@click.option("--without", multiple=True, metavar="ID", help="A metric it takes out of what it inherits.")
@click.option("--expect-version", type=int, help="Refuse when another version is the newest.")
@as_user
@as_json
def set_command(
    department: str | None,
    job_family: str | None,
    level: str | None,
    name: str,
    metrics: tuple[str, ...],
    without: tuple[str, ...],
    expect_version: int | None,
    user: str | None,
    *,
    wants_json: bool,
) -> None:
    """A new version of a place's template."""
    from services.metrics.scorecard_templates import Wanted  # noqa: PLC0415 - as above

    with opened_services() as services:
        place = services.planning.place(department, job_family, level)
        wanted = Wanted(name, metrics, without, expect_version)
        version = services.planning.templates.put(place, wanted, acting(services, user))
    click.echo(json.dumps({"version": version}) if wants_json else f"Version {version} for {place.words}.")


@command.command("end")
@_of_place
@click.option("--expect-version", type=int, help="Refuse when another version is the newest.")
@as_user
def end_command(
    department: str | None, job_family: str | None, level: str | None, expect_version: int | None, user: str | None
) -> None:
    """From now on the wider template counts for a place."""
    with opened_services() as services:
        place = services.planning.place(department, job_family, level)
        services.planning.templates.end(place, acting(services, user), expect_version)
    click.echo(f"{place.words.capitalize()} has no template of its own any more.")


@command.command("why")
@click.option("--department", metavar="NAME")
@click.option("--job-family", metavar="NAME")
@click.option("--level", metavar="NAME")
@as_user
@as_json
def why_command(
    department: str | None, job_family: str | None, level: str | None, user: str | None, *, wants_json: bool
) -> None:
    """Which template a role of a department is measured by, what it shows, and why."""
    with opened_services() as services:
        planning = services.planning
        book = planning.templates.book(acting(services, user))
        found = book.resolve(planning.role(department, job_family, level))
    if wants_json:
        click.echo(json.dumps(_resolved(found)))
        return
    gone = f"\nRetired and left out: {', '.join(found.retired)}" if found.retired else ""
    click.echo(f"{found.why}\n{', '.join(found.metrics)}{gone}")


@command.command("coverage")
@as_user
@as_json
def coverage_command(user: str | None, *, wants_json: bool) -> None:
    """Which roles have which template: those with open seats, or applications in the last twelve months."""
    from services.metrics.template_coverage import coverage  # noqa: PLC0415 - loads numpy

    with opened_services() as services:
        viewer = acting(services, user)
        book = services.planning.templates.book(viewer)
        today = datetime.now(UTC).date()
        found = coverage(services.query, book, viewer, Period(add_months(today, -12), today + timedelta(days=1)))
    if wants_json:
        rows = [
            {
                "department": one.cell[0],
                "job_family": one.cell[1],
                "level": one.cell[2],
                "open_seats": one.open_seats,
                "applications": one.applications,
                "template": one.resolved.template.name,
                "from": one.resolved.template.place.level.value,
            }
            for one in found
        ]
        click.echo(json.dumps({"roles": rows}))
        return
    for one in found:
        cell = ", ".join(part or "unknown" for part in one.cell)
        name, level = one.resolved.template.name, one.resolved.template.place.level.value
        click.echo(f"{cell}  {one.open_seats} open, {one.applications} applications  “{name}” ({level})")


@command.command("differs")
@click.option("--from", "start", type=DAY, help="First day; else two years of complete months.")
@click.option("--to", "end", type=DAY, help="Last day, included.")
@as_user
@as_json
def differs_command(start: datetime | None, end: datetime | None, user: str | None, *, wants_json: bool) -> None:
    """Which roles differ enough from the rest of their standard to need a template of their own."""
    from services.metrics.template_coverage import differences  # noqa: PLC0415 - loads numpy

    if (start is None) != (end is None):
        raise click.UsageError("Name both --from and --to, or neither.")
    period = Period(start.date(), end.date() + timedelta(days=1)) if start and end else None
    with opened_services() as services:
        viewer = acting(services, user)
        found = differences(services.query, services.planning.templates.book(viewer), viewer, period)
    if wants_json:
        rows = [{**vars(one), "differs": one.differs} for one in found.findings]
        click.echo(json.dumps({"roles": found.roles, "findings": rows, "untested": found.untested}))
        return
    lines = [_finding(one) for one in found.findings]
    lines.append(f"Need a template of their own: {', '.join(found.roles) or 'none'}.")
    lines.append(f"Too few cases to say: {len(found.untested)} roles.")
    click.echo("\n".join(lines))


def _document(one: Template) -> dict[str, Any]:
    return {
        "place": one.place.words,
        "level": one.place.level.value,
        "version": one.version,
        "name": one.name,
        "metrics": one.metrics,
        "without": one.without,
        "changed_at": one.changed_at.isoformat() if one.changed_at else None,
        "changed_by": one.changed_by or None,
    }


def _resolved(found: Resolved) -> dict[str, Any]:
    return {
        "template": found.template.name,
        "why": found.why,
        "metrics": found.metrics,
        "retired": found.retired,
        "chain": [{"name": one.name, "place": one.place.words, "version": one.version} for one in found.chain],
    }


def _line(one: Template) -> str:
    taken = f", without {', '.join(one.without)}" if one.without else ""
    return f"“{one.name}”  {one.place.words}, version {one.version}: {', '.join(one.metrics) or 'nothing more'}{taken}"


def _finding(one: Finding) -> str:
    what = f"{one.metric} {one.transition}" if one.transition else one.metric
    value, rest = (f"{number:.3g}" if number is not None else "not reached" for number in (one.value, one.rest))
    verdict = "differs" if one.differs else "-"
    return f"{verdict:<8} {one.role}  {what}  {value} (n {one.n}) against {rest} (n {one.n_rest}), p {one.p:.3g}"
