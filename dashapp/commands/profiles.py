"""`hireboard profiles`: what counts first, from when on, who asked for it, and the index it makes."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from dashapp.command_services import acting, opened_services

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.metrics.composite import Found, Part
    from services.metrics.profiles import Expectation, Profile

as_json = click.option("--json", "wants_json", is_flag=True, help="One JSON document on standard output.")
as_user = click.option("--as", "user", metavar="USER", help="As this e-mail, or role in the demonstration company.")
DAY = click.DateTime(["%Y-%m-%d"])


def of_place(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name a department or job family; neither = the company."""
    family = click.option("--job-family", metavar="NAME", help="A job family.")
    department = click.option("--department", metavar="NAME", help="A department.")
    return department(family(function))


@click.group("profiles")
def command() -> None:
    """Priority profiles: list, show, set, suggest, index, expect, met."""


@command.command("list")
@as_user
@as_json
def list_command(user: str | None, *, wants_json: bool) -> None:
    """The profiles in force today."""
    with opened_services() as services:
        found = services.planning.profiles.book(acting(services, user)).in_force(_today())
    if wants_json:
        click.echo(json.dumps({"profiles": [_document(one) for one in found]}))
        return
    click.echo("\n".join(_line(one) for one in found) or "There is no profile. `hireboard profiles set` makes one.")


@command.command("show")
@of_place
@click.option("--on", type=DAY, help="In force on this day; else today.")
@as_user
@as_json
def show_command(
    department: str | None, job_family: str | None, on: datetime | None, user: str | None, *, wants_json: bool
) -> None:
    """The profile that counts for a place, every version of its own, and what was expected of it."""
    with opened_services() as services:
        planning, viewer = services.planning, acting(services, user)
        place = planning.place(department, job_family)
        book = planning.profiles.book(viewer)
        profile = book.of(place, on.date() if on else _today())
        versions = [one for one in book.profiles if one.place == place]
        expected = planning.profiles.expectations(place, viewer)
    if wants_json:
        document = {
            "place": place.words,
            "profile": None if profile is None else _document(profile),
            "versions": [_document(one) for one in versions],
            "expectations": [_expectation(one) for one in expected],
        }
        click.echo(json.dumps(document))
        return
    lines = ["No profile is in force." if profile is None else f"In force for {place.words}: {_line(profile)}"]
    lines += [f"  version {one.version}: {_line(one)}" for one in versions]
    lines += [f"  {one.id}: {one.who}, {one.asked_on}: {one.what} ({_met(one.is_met)})" for one in expected]
    click.echo("\n".join(lines))


@command.command("set")
@of_place
@click.option("--first", type=click.Choice(["time", "quality"]), required=True, help="What comes first.")
@click.option("--weight", multiple=True, metavar="METRIC=W", help="Weights add up to 1; none = the suggested ones.")
@click.option("--end", "ends", is_flag=True, help="From then on the wider profile counts again.")
@click.option("--owner", required=True)
@click.option("--reason", required=True)
@click.option("--review", type=DAY, required=True, help="Next review.")
@click.option("--from", "start", type=DAY, help="First day; else today.")
@click.option("--expect-version", type=int, help="Refuse when another version is the newest.")
@as_user
@as_json
def set_command(
    department: str | None, job_family: str | None, user: str | None, *, wants_json: bool, **options: Any
) -> None:
    """A new version of a place's profile."""
    from services.metrics.profiles import SUGGESTED, Wanted  # noqa: PLC0415 - loads the registry

    given = weights_of(options["weight"])
    weights = {} if options["ends"] else given or dict(SUGGESTED[options["first"]])
    wanted = Wanted(
        options["first"],
        weights,
        options["owner"],
        options["reason"],
        options["review"].date(),
        options["start"].date() if options["start"] else None,
        options["expect_version"],
    )
    with opened_services() as services:
        place = services.planning.place(department, job_family)
        version = services.planning.profiles.put(place, wanted, acting(services, user))
    click.echo(json.dumps({"version": version}) if wants_json else f"Version {version} for {place.words}.")


@command.command("suggest")
@of_place
@as_user
@as_json
def suggest_command(department: str | None, job_family: str | None, user: str | None, *, wants_json: bool) -> None:
    """What the business-cycle rule says now. Nothing is changed."""
    with opened_services() as services:
        viewer = acting(services, user)
        place = services.planning.place(department, job_family)
        profile = services.planning.profiles.book(viewer).of(place, _today())
        found = services.planning.cycle.of(place, viewer)
    if wants_json:
        document = {
            "first": found.first,
            "now": profile.first if profile else None,
            "reasons": found.reasons,
            "signs": vars(found.signs),
            "rule": found.rule,
            "weights": found.weights,
            "as_of": found.as_of.isoformat() if found.as_of else None,
        }
        click.echo(json.dumps(document))
        return
    lines = [f"The rule: {found.rule}.", *(f"Found: {reason}." for reason in found.reasons)]
    lines.append(f"Suggested: {found.first} first." if found.first else "Nothing is suggested.")
    lines.append(f"In force: {profile.first} first. Nothing was changed." if profile else "No profile is in force.")
    click.echo("\n".join(lines))


@command.command("index")
@of_place
@click.option("--period", required=True, metavar="MONTH", help="For example 2026-10.")
@as_user
@as_json
def index_command(
    department: str | None, job_family: str | None, period: str, user: str | None, *, wants_json: bool
) -> None:
    """The composite index of a month, with its parts and weights."""
    with opened_services() as services:
        place = services.planning.place(department, job_family)
        found = services.planning.composite.of(place, period, acting(services, user))
    if wants_json:
        click.echo(json.dumps(index_document(found)))
        return
    profile, index = found.profile, found.index
    value = "no value" if index.value is None else f"{index.value:.1f}"
    by = f"{_line(profile)}" if profile else "no profile was in force on its last day"
    lines = [f"Index of {place.words}, {period}: {value}  (weights known: {index.known:g})", f"  {by}"]
    lines += [f"  {part.weight:g}  {part.metric}  {_part_words(part)}" for part in index.parts]
    click.echo("\n".join(lines))


@command.command("expect")
@of_place
@click.option("--who", required=True)
@click.option("--what", required=True)
@click.option("--on", type=DAY, help="When it was asked; else today.")
@as_user
@as_json
def expect_command(
    department: str | None,
    job_family: str | None,
    who: str,
    what: str,
    on: datetime | None,
    user: str | None,
    *,
    wants_json: bool,
) -> None:
    """Write down what a stakeholder asked for."""
    with opened_services() as services:
        place = services.planning.place(department, job_family)
        asked_on = on.date() if on else _today()
        number = services.planning.profiles.expect(place, who, what, asked_on, acting(services, user))
    click.echo(json.dumps({"expectation": number}) if wants_json else f"Expectation {number} for {place.words}.")


@command.command("met")
@click.argument("number", type=click.IntRange(1, 2**62))
@click.argument("answer", type=click.Choice(["yes", "no", "open"]))
@click.option("--expect-version", type=int, help="Refuse when it was changed meanwhile.")
@as_user
def met_command(number: int, answer: str, expect_version: int | None, user: str | None) -> None:
    """Say whether an expectation was met."""
    is_met = {"yes": True, "no": False, "open": None}[answer]
    with opened_services() as services:
        viewer = acting(services, user)
        services.planning.profiles.meet(number, viewer, is_met=is_met, expected_version=expect_version)
    click.echo(f"Expectation {number}: {_met(is_met)}.")


def weights_of(texts: tuple[str, ...]) -> dict[str, float]:
    """From METRIC=W. Raises UsageError."""
    found: dict[str, float] = {}
    for text in texts:
        name, _, number = text.partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            raise click.UsageError(f"A weight is METRIC=W, for example time_to_fill=0.4, not {text!r}.") from None
    return found


def index_document(found: Found) -> dict[str, Any]:
    return {
        "place": found.place.words,
        "period": found.period,
        "value": found.index.value,
        "weights_known": found.index.known,
        "profile": None if found.profile is None else _document(found.profile),
        "parts": [vars(part) for part in found.index.parts],
        "as_of": found.as_of.isoformat(),
        "snapshot": found.snapshot,
    }


def _part_words(part: Part) -> str:
    if part.score is None:
        return f"missing: {part.reason}"
    return f"{part.value:g} against {part.median:g} (MAD {part.mad:g}): z {part.z:+.2f}, {part.score:.1f} points"


def _document(one: Profile) -> dict[str, Any]:
    return {
        "place": one.place.words,
        "version": one.version,
        "from": one.effective_from.isoformat(),
        "first": one.first,
        "weights": dict(one.weights),
        "owner": one.owner,
        "reason": one.reason,
        "next_review": one.next_review_on.isoformat(),
        "changed_at": one.changed_at.isoformat(),
        "changed_by": one.changed_by,
    }


def _expectation(one: Expectation) -> dict[str, Any]:
    return {**vars(one), "asked_on": one.asked_on.isoformat()}


def _line(one: Profile) -> str:
    weights = ", ".join(f"{name} {weight:g}" for name, weight in one.weights.items()) or "ended"
    return (
        f"{one.place.words}, {one.first} first from {one.effective_from} ({weights}); owner {one.owner}, "
        f"review {one.next_review_on}: {one.reason}"
    )


def _met(is_met: bool | None) -> str:  # noqa: FBT001 - a value, not a switch
    return {True: "met", False: "not met", None: "open"}[is_met]


def _today() -> date:
    return datetime.now().astimezone().date()
