"""`hireboard metrics trace`, `why` and `match`: how a figure comes about, why it moved, what the ATS says instead."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from dashapp.config import load_settings
from services.metrics.interchange import Asked, json_text, query_of, stamp

if TYPE_CHECKING:
    from pathlib import Path

    from services.domain.clock_traces import ClockTrace, TracedClock, TraceStep
    from services.domain.known import KnownThen
    from services.domain.metric import Answer, Query
    from services.domain.movements import Movement, Shift
    from services.domain.people import Viewer
    from services.domain.vendor_matches import VendorMatch
    from services.mart.reader import MartReader
    from services.metrics.query import QueryLayer
    from services.store.database import Store

as_json = click.option("--json", "wants_json", is_flag=True, help="One JSON document on standard output.")
as_user = click.option(
    "--as", "user", metavar="USER", help="Answer for this e-mail, or role in the demonstration company."
)
as_of_option = click.option("--as-of", metavar="TIME", help="Ignore what happened later; UTC unless it says otherwise.")


class Asking(NamedTuple):
    """Who asks, and what answers."""

    viewer: Viewer
    store: Store
    reader: MartReader
    layer: QueryLayer
    snapshots: Path


@contextlib.contextmanager
def asking(user: str | None, event: str, **detail: Any) -> Iterator[Asking]:
    """With the viewer's rights; a question that was answered stands in the audit log."""
    from dashapp.wiring import make_accounts  # noqa: PLC0415 - loads the account services
    from services.access.policy import Action  # noqa: PLC0415 - as above
    from services.accounts.directory import LOCAL_OPERATOR  # noqa: PLC0415 - as above
    from services.mart.engines.choosing import open_mart  # noqa: PLC0415 - loads DuckDB
    from services.metrics.names import StoreNames  # noqa: PLC0415 - as above
    from services.metrics.query import QueryLayer  # noqa: PLC0415 - as above
    from services.store.database import Store  # noqa: PLC0415 - as above

    settings = load_settings()
    store = Store(settings.database_url)
    try:
        policy, audit, accounts = make_accounts(settings, store)
        viewer = accounts.viewer_by_email(user) if user else accounts.local_operator()
        policy.require(viewer, Action.METRICS_QUERY)
        with contextlib.closing(open_mart(settings.mart_dir, settings.mart_url)) as reader:
            yield Asking(viewer, store, reader, QueryLayer(reader, StoreNames(store)), settings.mart_dir)
        with store.write() as connection:
            audit.append(connection, LOCAL_OPERATOR, event, detail={**detail, "as": viewer.email})
    finally:
        store.dispose()


@click.command("trace")
@click.argument("kind", metavar="requisition|offer|feedback")
@click.argument("key", metavar="ID")
@as_of_option
@as_user
@as_json
def trace_command(kind: str, key: str, as_of: str | None, user: str | None, *, wants_json: bool) -> None:
    """Every counted and skipped interval of one clock, and why. A requisition also by its code or title."""
    from services.metrics.clock_traces import ClockTraces  # noqa: PLC0415 - loads the mart
    from services.metrics.day_names import StoreDayNames  # noqa: PLC0415 - as above

    with asking(user, "metrics.traced", kind=kind, key=key) as asked:
        traces = ClockTraces(asked.reader, StoreDayNames(asked.store))
        trace = traces.trace(kind, key, asked.viewer, _instant(as_of))
    click.echo(json_text(trace_document(trace)) if wants_json else trace_text(trace))


def _instant(text: str | None) -> datetime | None:
    return query_of(Asked(("applications",), as_of=text), lambda name: "--" + name.replace("_", "-")).as_of


def trace_document(trace: ClockTrace) -> dict[str, Any]:
    """Local times with their offset from UTC."""
    clocks = [_clock_document(clock) for clock in trace.clocks]
    fields = {name: getattr(trace, name) for name in ("kind", "id", "title", "snapshot")}
    return {**fields, "as_of": stamp(trace.as_of), "remarks": list(trace.remarks), "clocks": clocks}


def _clock_document(clock: TracedClock) -> dict[str, Any]:
    totals = {name: getattr(clock, f"{name}_seconds") for name in ("elapsed", "counted", "skipped")}
    fields = {name: getattr(clock, name) for name in ("metric", "subject", "state", "zone", "value", "unit")}
    steps = [
        dataclasses.asdict(step) | {"start": step.start.isoformat(), "end": step.end.isoformat()}
        for step in clock.steps
    ]
    return {**fields, "seconds": totals, "remarks": list(clock.remarks), "steps": steps}


def trace_text(trace: ClockTrace) -> str:
    """A page of plain text, an interval a line."""
    lines = [f"{trace.title}, as of {stamp(trace.as_of)}, snapshot {trace.snapshot}"]
    for clock in trace.clocks:
        lines += ["", f"{clock.metric} of {clock.subject}: {clock.state}  ({clock.zone})"]
        lines += [_step_line(step) for step in clock.steps]
        totals = (f"elapsed {_length(clock.elapsed_seconds)}", f"skipped {_length(clock.skipped_seconds)}")
        lines.append(f"  = {clock.value:g} {clock.unit.replace('_', ' ')}  ({', '.join(totals)})")
        lines += [f"  {remark}" for remark in clock.remarks]
    return "\n".join([*lines, *trace.remarks])


def _step_line(step: TraceStep) -> str:
    ends = " to ".join(f"{at:%Y-%m-%d %H:%M%z}" for at in (step.start, step.end))
    change = step.clock_change_seconds
    shift = f", clocks {'forward' if change > 0 else 'back'} {_length(abs(change))}" if change else ""
    return f"  {'+' if step.counted else '-'} {ends}  {_length(step.seconds):>12}  {step.reason}{shift}"


def _length(seconds: int) -> str:
    """``12 d 03:30``; seconds only where there are some."""
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, rest = divmod(rest, 60)
    clock = f"{hours:02}:{minutes:02}" + (f":{rest:02}" if rest else "")
    return f"{days} d {clock}" if days else clock


def ask_as_known(query: Query, user: str | None, day: str) -> tuple[Answer, KnownThen]:
    """The answer from the snapshot that was current at the end of a day, and what it comes from."""
    from services.metrics.names import StoreNames  # noqa: PLC0415 - as above
    from services.metrics.time_machine import TimeMachine, known_then  # noqa: PLC0415 - loads the mart

    on = _day(day, "--as-known")
    detail = {"metrics": query.metrics, "by": query.by, "raw": query.raw, "as_known": day}
    with asking(user, "metrics.queried", **detail) as asked:
        machine = TimeMachine(asked.snapshots, StoreNames(asked.store))
        known = machine.known_on(on, datetime.now(UTC))
        question = query if query.as_of else dataclasses.replace(query, as_of=known.as_of)
        answer = machine.layer(known).ask(question, asked.viewer)
        return answer, known_then(on, known, query.metrics, asked.viewer)


def known_document(known: KnownThen) -> dict[str, Any]:
    return dataclasses.asdict(known) | {"as_of": stamp(known.as_of)}


def known_text(known: KnownThen) -> str:
    metrics = "; ".join(metric.words for metric in known.metrics)
    return f"As known on {known.asked}. Policy version {known.policy_version}. {metrics}"


def _day(text: str, option: str) -> date:
    asked = query_of(Asked(("applications",), start=text), lambda _: option).period.start
    return asked or date.min


@click.command("why")
@click.argument("metric", metavar="METRIC")
@click.option("--from", "start", metavar="DATE", required=True, help="First day of the period.")
@click.option("--to", "end", metavar="DATE", required=True, help="Last day of the period, included.")
@click.option(
    "--against", metavar="DATE..DATE", required=True, help="First and last day of the period it is compared with."
)
@click.option("--by", metavar="DIM", help="What mix and rate are told apart by; job family where there is one.")
@click.option("--where", multiple=True, metavar="DIM=VALUE", help="Keep one shown value; repeated values add up.")
@click.option("--formerly", metavar="METRIC", help="The metric that stands for the definition used then.")
@click.option("--known", metavar="DATE", help="The day whose snapshot says what was known then; else the day after.")
@as_user
@as_json
def why_command(
    metric: str,
    start: str,
    end: str,
    against: str,
    by: str | None,
    where: tuple[str, ...],
    formerly: str | None,
    known: str | None,
    user: str | None,
    *,
    wants_json: bool,
) -> None:
    """Why a figure moved between two periods: definition, data, mix and rate, which add up to the change."""
    from services.metrics.decomposition import Moved, Movements  # noqa: PLC0415 - loads the mart
    from services.metrics.names import StoreNames  # noqa: PLC0415 - as above
    from services.metrics.time_machine import TimeMachine  # noqa: PLC0415 - as above

    first, dots, last = against.partition("..")
    if not dots:
        raise click.UsageError(f"--against takes two days, for example 2026-01-01..2026-03-31, not {against[:40]!r}.")
    asked_now = query_of(Asked((metric,), where=where, start=start, end=end), lambda name: f"--{name}")
    asked_then = query_of(Asked((metric,), start=first, end=last), lambda _: "--against")
    on = _day(known, "--known") if known else None
    moved = Moved(metric, asked_now.period, asked_then.period, asked_now.where, by, formerly, on)
    with asking(user, "metrics.explained", metric=metric, by=by) as asked:
        machine = TimeMachine(asked.snapshots, StoreNames(asked.store))
        movement = Movements(asked.layer, machine).why(moved, asked.viewer)
    click.echo(json_text(movement_document(movement)) if wants_json else movement_text(movement))


def movement_document(movement: Movement) -> dict[str, Any]:
    readings = {
        name: dataclasses.asdict(reading) | {"as_of": stamp(reading.as_of)}
        for name, reading in (("then", movement.then), ("now", movement.now))
    }
    return dataclasses.asdict(movement) | readings | {"change": movement.change}


def movement_text(movement: Movement) -> str:
    """The figures, the parts that add up to their difference, and the strata that may be named."""
    unit = movement.unit
    lines = [f"{movement.name}: {movement.then.value:g} to {movement.now.value:g} {unit}, {movement.change:+g}"]
    for words, reading in (("then", movement.then), ("now", movement.now)):
        lines.append(f"  {words:<4} {reading.period}, n {reading.n}, snapshot {reading.snapshot}")
    lines += [f"  {part.name:<10} {part.value:+.6g}  {part.words}" for part in movement.parts]
    lines += [_shift_line(movement.by, shift) for shift in movement.shifts]
    if movement.others:
        lines.append(f"  {movement.others} more are too small to be named")
    return "\n".join([*lines, *movement.remarks])


def _shift_line(by: str, shift: Shift) -> str:
    values = " to ".join("none" if value is None else f"{value:g}" for value in (shift.value_then, shift.value_now))
    parts = "" if shift.mix is None or shift.rate is None else f", mix {shift.mix:+.4g}, rate {shift.rate:+.4g}"
    return f"    {by} {shift.name or 'unknown'}: share {shift.share_then:.1%} to {shift.share_now:.1%}, {values}{parts}"


@click.command("match")
@click.argument("vendor", metavar="VENDOR")
@click.argument("metric", metavar="METRIC")
@click.option("--from", "start", metavar="DATE", help="First day of the period.")
@click.option("--to", "end", metavar="DATE", help="Last day of the period, included.")
@click.option("--where", multiple=True, metavar="DIM=VALUE", help="Keep one shown value; repeated values add up.")
@as_of_option
@as_user
@as_json
def match_command(
    vendor: str,
    metric: str,
    start: str | None,
    end: str | None,
    where: tuple[str, ...],
    as_of: str | None,
    user: str | None,
    *,
    wants_json: bool,
) -> None:
    """The number VENDOR (greenhouse, ashby, lever, workable, gem) would show, and the walk from it to ours."""
    from services.metrics.vendor_match import Matched, VendorMatches  # noqa: PLC0415 - loads the mart

    question = query_of(
        Asked((metric,), where=where, start=start, end=end, as_of=as_of), lambda name: "--" + name.replace("_", "-")
    )
    matched = Matched(vendor, metric, question.period, question.where, question.as_of)
    with asking(user, "metrics.matched", vendor=vendor, metric=metric) as asked:
        found = VendorMatches(asked.layer, asked.reader).match(matched, asked.viewer)
    if wants_json:
        click.echo(json_text(dataclasses.asdict(found) | {"as_of": stamp(found.as_of)}))
    else:
        click.echo(match_text(found))


def match_text(found: VendorMatch) -> str:
    """Their number, each rule with what it changes, ours."""
    known = "" if found.is_documented else " (assumed)"
    lines = [
        f"{found.vendor_name}: {found.definition}{known}. Source: {found.source}.",
        f"  {found.theirs:>10.4f}  {found.vendor_name}, n {found.theirs_n}",
    ]
    lines += [f"  {step.value:>10.4f}  {step.change:+.4f}  {step.words}" for step in found.steps]
    lines.append(f"  {found.ours:>10.4f}  {found.name} in {found.unit}, n {found.ours_n}")
    return "\n".join([*lines, *found.remarks])


COMMANDS = (trace_command, why_command, match_command)
