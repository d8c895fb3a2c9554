"""`hireboard metrics`: the registry, and every number the pages and reports show, as JSON or CSV."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
from typing import TYPE_CHECKING, Any

import click

from dashapp.config import load_settings
from dashapp.explanation_commands import COMMANDS, ask_as_known, known_document, known_text
from services.domain.metric import Answer, Query
from services.metrics.interchange import (
    Asked,
    answer_document,
    flat_row,
    json_text,
    metric_document,
    metrics_document,
    query_of,
)

if TYPE_CHECKING:
    from services.domain.consumers import Consumer
    from services.domain.people import Viewer

as_json = click.option("--json", "wants_json", is_flag=True, help="One JSON document on standard output.")


@click.group("metrics")
def command() -> None:
    """Definitions of the metrics, and their values."""


for _explanation in COMMANDS:
    command.add_command(_explanation)


@command.command("list")
@as_json
def list_command(*, wants_json: bool) -> None:
    """Every metric with what it can be split by."""
    from services.metrics.registry import REGISTRY  # noqa: PLC0415 - numpy is loaded only when it is needed

    if wants_json:
        click.echo(json_text(metrics_document(REGISTRY.values())))
        return
    width = max(len(name) for name in REGISTRY)
    for metric in REGISTRY.values():
        click.echo(f"{metric.id:<{width}}  {metric.summary}")


@command.command("show")
@click.argument("metric_id", metavar="ID")
@as_json
def show_command(metric_id: str, *, wants_json: bool) -> None:
    """One definition: every field of it, whether it still answers, and who uses it."""
    from services.metrics import registry  # noqa: PLC0415 - as above
    from services.metrics.lifecycle import state  # noqa: PLC0415 - as above

    metric = registry.metric(metric_id)
    used_by = [f"{one.kind} {one.id} ({one.name})" for one in _uses(metric_id)]
    fields = {**metric_document(metric), "state": state(metric), "used_by": used_by}
    if wants_json:
        click.echo(json_text(fields))
        return
    for name, value in fields.items():
        text = ", ".join(map(_words, value)) if isinstance(value, list) else _words(value)
        if text:
            click.echo(f"{name}: {text}")


def _words(value: object) -> str:
    """One field for a reader; empty = nothing to say."""
    if isinstance(value, dict):
        return "; ".join(f"{name}: {one}" for name, one in value.items())
    return "" if value is None else str(value)


def _uses(metric_id: str) -> tuple[Consumer, ...]:
    from services.reporting.uses import uses  # noqa: PLC0415 - loads the reports
    from services.store.database import Store  # noqa: PLC0415 - as above

    store = Store(load_settings().database_url)
    try:
        return uses(metric_id, store)
    finally:
        store.dispose()


@command.command("docs")
def docs_command() -> None:
    """Print docs/metrics.md, made from the registry."""
    from services.metrics.documentation import markdown  # noqa: PLC0415 - as above

    click.echo(markdown(), nl=False)


@command.command("query")
@click.argument("metric_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--by", multiple=True, metavar="DIM", help="Split by a dimension or a time grain; may be repeated.")
@click.option("--where", multiple=True, metavar="DIM=VALUE", help="Keep one shown value; repeated values add up.")
@click.option("--from", "start", metavar="DATE", help="First day of the period.")
@click.option("--to", "end", metavar="DATE", help="Last day of the period, included.")
@click.option("--as-of", metavar="TIME", help="Ignore what happened later; UTC unless it says otherwise.")
@click.option("--as-known", metavar="DATE", help="As it was known on that day: from the snapshot kept for it.")
@click.option("--as", "user", metavar="USER", help="Answer for this e-mail, or role in the demonstration company.")
@click.option("--raw", is_flag=True, help="Without the small-number rule (administrators).")
@click.option("--attribution", metavar="MODEL", help="By who held the requisition: primary, split or handover.")
@click.option("--clustered", is_flag=True, help="Intervals by bootstrap of requisitions or people; takes longer.")
@click.option("--expected", is_flag=True, help="Beside it what the company's rate for the same mix would give.")
@as_json
@click.option("--csv", "wants_csv", is_flag=True, help="Comma-separated values on standard output.")
def query_command(
    metric_ids: tuple[str, ...],
    by: tuple[str, ...],
    where: tuple[str, ...],
    start: str | None,
    end: str | None,
    as_of: str | None,
    as_known: str | None,
    user: str | None,
    attribution: str | None,
    *,
    raw: bool,
    clustered: bool,
    expected: bool,
    wants_json: bool,
    wants_csv: bool,
) -> None:
    """Values of one or more metrics."""
    for pair in where:
        name, _, value = pair.partition("=")
        if not name or not value:
            raise click.UsageError(f"--where takes DIM=VALUE, for example department=Sales, not {pair!r}.")
    asked = Asked(metric_ids, by, where, start, end, as_of, raw, attribution, clustered, expected)
    query = query_of(asked, _option)
    if as_known is not None:
        answer, known = ask_as_known(query, user, as_known)
    else:
        answer, known = _ask(query, user), None
    if wants_json:
        click.echo(json_text(answer_document(answer) | ({"as_known": known_document(known)} if known else {})))
    elif wants_csv:
        click.echo(_csv([flat_row(row) for row in answer.rows]), nl=False)
    else:
        if known:
            click.echo(known_text(known))
        click.echo(f"As of {answer.as_of:%Y-%m-%d %H:%M} UTC, snapshot {answer.snapshot}\n{_text(answer)}")


@command.command("compare")
@click.argument("group")
@click.argument("reference")
@click.option("--metric", default="source_conversion_matured", show_default=True, help="A plain rate.")
@click.option("--by", "dimension", default="source", show_default=True, help="What GROUP and REFERENCE are values of.")
@click.option("--within", default="job_family", show_default=True, help="Compared within each value of this.")
@click.option("--from", "start", metavar="DATE", help="First day of the period.")
@click.option("--to", "end", metavar="DATE", help="Last day of the period, included.")
@click.option("--as-of", metavar="TIME", help="Ignore what happened later; UTC unless it says otherwise.")
@click.option("--as", "user", metavar="USER", help="Answer for this e-mail, or role in the demonstration company.")
@as_json
def compare_command(
    group: str,
    reference: str,
    metric: str,
    dimension: str,
    within: str,
    start: str | None,
    end: str | None,
    as_of: str | None,
    user: str | None,
    *,
    wants_json: bool,
) -> None:
    """GROUP less REFERENCE: pooled, and within job family (Mantel-Haenszel), side by side."""
    from services.metrics.source_comparison import Pair, compare  # noqa: PLC0415 - numpy is loaded when needed

    pair = Pair(group, reference, dimension, within)
    asked = query_of(Asked((metric,), start=start, end=end, as_of=as_of), _option)
    answer = _ask(pair.query(metric, period=asked.period, as_of=asked.as_of), user)
    document = dataclasses.asdict(compare(pair, answer.rows))
    if wants_json:
        strata = [{within: name, **counts} for name, counts in document.pop("strata").items()]
        click.echo(json_text({**document, "strata": strata}))
        return
    pooled, stratified = document["pooled"], document["stratified"]
    click.echo(
        f"{group} {pooled['successes']} of {pooled['cases']}, "
        f"{reference} {pooled['reference_successes']} of {pooled['reference_cases']}"
    )
    if stratified is None:
        click.echo(f"In no {within} both have cases: there is nothing to compare.")
        return
    click.echo(f"pooled difference {stratified['pooled']:+.4f}")
    low, high = stratified["low"], stratified["high"]
    click.echo(f"within {within} {stratified['difference']:+.4f}  (95 % {low:+.4f} to {high:+.4f})")


def _ask(query: Query, user: str | None) -> Answer:
    from dashapp.wiring import make_accounts, make_query_layer  # noqa: PLC0415 - loads the account services
    from services.access.policy import Action  # noqa: PLC0415 - as above
    from services.accounts.directory import LOCAL_OPERATOR  # noqa: PLC0415 - as above
    from services.mart.engines.choosing import open_mart  # noqa: PLC0415 - loads DuckDB
    from services.store.database import Store  # noqa: PLC0415 - as above

    settings = load_settings()
    store = Store(settings.database_url)
    try:
        policy, audit, accounts = make_accounts(settings, store)
        viewer: Viewer = accounts.viewer_by_email(user) if user else accounts.local_operator()
        policy.require(viewer, Action.METRICS_QUERY)
        with contextlib.closing(open_mart(settings.mart_dir, settings.mart_url)) as mart:
            answer = make_query_layer(store, mart).ask(query, viewer)
        with store.write() as connection:
            detail = {"metrics": query.metrics, "by": query.by, "raw": query.raw, "as": viewer.email}
            audit.append(connection, LOCAL_OPERATOR, "metrics.queried", detail=detail)
    finally:
        store.dispose()
    return answer


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _csv(rows: list[dict[str, Any]]) -> str:
    buffer = io.StringIO()
    names = [name for name in rows[0] if name != "extra"] if rows else ["metric", "value"]
    writer = csv.DictWriter(buffer, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return buffer.getvalue()


def _cell(value: object) -> object:
    """A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    is_formula = isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}
    return f"'{value}" if is_formula else value


def _text(answer: Answer) -> str:
    lines = []
    for row in answer.rows:
        group = ", ".join(f"{value if value is not None else 'unknown'}" for value in row.dims.values())
        value = f"{row.value:g} {row.unit}" if row.value is not None else f"{row.note or row.reason}"
        lines.append("  ".join(part for part in (row.metric, group, value, f"n {row.n}") if part))
    return "\n".join(lines)
