"""`hireboard metrics trace`, `why` and `match`: how a figure comes about, why it moved, what the ATS says instead."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from dashapp.config import load_settings
from services.metrics.interchange import Asked, json_text, query_of, stamp

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from services.domain.clock_traces import ClockTrace, TracedClock, TraceStep
    from services.domain.people import Viewer
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
    from services.mart.reader import MartReader  # noqa: PLC0415 - loads DuckDB
    from services.metrics.names import StoreNames  # noqa: PLC0415 - as above
    from services.metrics.query import QueryLayer  # noqa: PLC0415 - as above
    from services.store.database import Store  # noqa: PLC0415 - as above

    settings = load_settings()
    store = Store(settings.database_url)
    try:
        policy, audit, accounts = make_accounts(settings, store)
        viewer = accounts.viewer_by_email(user) if user else accounts.local_operator()
        policy.require(viewer, Action.METRICS_QUERY)
        reader = MartReader(settings.mart_dir)
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
        for step in clock.steps:
            mark, length = ("+" if step.counted else "-"), _length(step.seconds)
            change = step.clock_change_seconds
            shift = f", clocks {'forward' if change > 0 else 'back'} {_length(abs(change))}" if change else ""
            lines.append(
                f"  {mark} {step.start:%Y-%m-%d %H:%M%z} to {step.end:%Y-%m-%d %H:%M%z}  {length:>14}  {step.reason}{shift}"
            )
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


COMMANDS = (trace_command,)
