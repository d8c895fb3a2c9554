"""The metric catalogue and a metric's page, for what the viewer may see."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from services.domain.consumers import Consumer, ConsumerKind
from services.domain.errors import ForbiddenError, InvalidInputError, NotFoundError, RetryLaterError
from services.domain.metric import Anchor, Answer, Better, Estimator, Metric, Query, Reason, Row, Status
from services.domain.metric_pages import (
    CatalogueEntry,
    CatalogueView,
    ExampleStep,
    MetricView,
    Related,
    Use,
    VersionStep,
)
from services.domain.people import Viewer
from services.domain.periods import DEFAULT_PERIOD, NamedPeriod, parse_period
from services.domain.phrases import listing
from services.domain.wording import amount, at_instant, number, on_date, unit_word
from services.mart.reader import MartReader
from services.metrics import lifecycle
from services.metrics.dimensions import DIMENSIONS
from services.metrics.examples import example_of
from services.metrics.query import QueryLayer
from services.metrics.registry import REGISTRY, is_sensitive
from services.reporting.uses import consumers
from services.store.database import Store

_NO_FIGURE = "No figure is shown here: "
_HREFS = {"overview": "/"}
_ESTIMATORS = {
    Estimator.COUNT: "count",
    Estimator.PLAIN_RATE: "plain share",
    Estimator.PLAIN_MEDIAN: "ordinary median",
    Estimator.PLAIN_MEAN: "mean",
    Estimator.KAPLAN_MEIER: "Kaplan–Meier: who is still waiting counts as “not yet”",
    Estimator.AALEN_JOHANSEN: "Aalen–Johansen: other ways out compete",
}
_BETTER = {Better.HIGHER: "higher is better", Better.LOWER: "lower is better", Better.NEITHER: "neither is better"}
_ANCHORS = {Anchor.AS_OF: "none: it is the state at one moment"}


class MetricPages:
    """Reads the registry; figures and examples come from the current snapshot. Keeps nothing."""

    def __init__(self, query: QueryLayer, mart: MartReader, store: Store) -> None:
        self._query = query
        self._mart = mart
        self._store = store

    def catalogue(self, viewer: Viewer, *, search: str = "", status: str = "", unit: str = "") -> CatalogueView:
        """Metrics of the viewer's column classes, filtered; a word must occur in id, name, words or owner."""
        seen = [metric for metric in REGISTRY.values() if metric.column_class in viewer.classes]
        asked = consumers(self._store)
        entries = [_entry(metric, asked) for metric in seen if _matches(metric, search)]
        return CatalogueView(
            entries=tuple(entry for entry in entries if status in {"", entry.status} and unit in {"", entry.unit}),
            total=len(seen),
            search=search,
            status=status,
            unit=unit,
            statuses=tuple(one for one in Status if any(lifecycle.state(metric) is one for metric in seen)),
            units=tuple(dict.fromkeys(_unit(metric) for metric in seen)),
        )

    def page(self, metric_id: str, viewer: Viewer) -> MetricView:
        """Raises NotFoundError, in the same words, for what does not exist and for what the viewer may not see."""
        metric = REGISTRY.get(metric_id)
        if metric is None or metric.column_class not in viewer.classes:
            raise NotFoundError("There is no such metric, or it is not for you. The catalogue lists those there are.")
        row, words, as_of_words = self._figure(metric, viewer)
        try:
            example = example_of(metric, viewer, self._mart)
        except RetryLaterError:
            example = None
        return MetricView(
            metric_id=metric.id,
            name=metric.name,
            summary=metric.summary,
            status=lifecycle.state(metric),
            status_words=_status_words(metric),
            version=metric.version,
            owner=metric.owner,
            facts=tuple(_facts(metric)),
            counts=tuple(metric.extra.items()),
            figure=row,
            figure_words=words,
            figure_steps=() if row is None else tuple(_figure_steps(metric, row)),
            example=example,
            versions=_versions(metric),
            uses=tuple(_use(consumer) for consumer in consumers(self._store) if metric.id in consumer.metrics),
            related=tuple(_related(metric, viewer)),
            dimensions=tuple(DIMENSIONS[name].name for name in metric.dimensions if name in DIMENSIONS),
            as_of_words=as_of_words,
        )

    def _figure(self, metric: Metric, viewer: Viewer) -> tuple[Row | None, str, str]:
        """The viewer's figure, or why there is none; and as of when."""
        try:
            with self._query.hold() as snapshot:
                today = snapshot.as_of.astimezone(ZoneInfo(viewer.timezone)).date()
                named = parse_period(DEFAULT_PERIOD, today)
                answer, words = self._ask(metric, named, viewer)
        except (InvalidInputError, ForbiddenError, RetryLaterError) as error:
            return None, f"{_NO_FIGURE}{error}", ""
        return answer.rows[0], words, at_instant(answer.as_of, viewer.timezone)

    def _ask(self, metric: Metric, named: NamedPeriod, viewer: Viewer) -> tuple[Answer, str]:
        """For the last twelve months; a sensitive metric that is not answered for them is asked without a period."""
        try:
            answer = self._query.ask(Query((metric.id,), period=named.period), viewer)
        except InvalidInputError:
            if not is_sensitive(metric.id):
                raise
            return self._query.ask(Query((metric.id,)), viewer), "Since the data begin, for everything you may see."
        return answer, _figure_words(metric, named)


def _entry(metric: Metric, asked: Iterable[Consumer]) -> CatalogueEntry:
    return CatalogueEntry(
        metric_id=metric.id,
        name=metric.name,
        summary=metric.summary,
        unit=_unit(metric),
        status=lifecycle.state(metric),
        version=metric.version,
        owner=metric.owner,
        uses=sum(metric.id in consumer.metrics for consumer in asked),
    )


def _matches(metric: Metric, search: str) -> bool:
    text = f"{metric.id} {metric.name} {metric.summary} {metric.owner}".casefold()
    return all(word in text for word in search.casefold().split())


def _unit(metric: Metric) -> str:
    return metric.unit.value.replace("_", " ")


def _status_words(metric: Metric) -> str:
    state = lifecycle.state(metric)
    since = metric.status_from or metric.effective_from
    words = f"{state.value.capitalize()} since {on_date(since)}"
    if state is Status.DEPRECATED and metric.retires_on is not None:
        words += f", answers until {on_date(metric.retires_on)}"
    return words


def _facts(metric: Metric) -> Iterable[tuple[str, str]]:
    """The formula, field by field; an empty field is left out."""
    for term, words in (
        ("One case", metric.grain),
        ("Starts", metric.start),
        ("Stops", metric.stop),
        ("Clock", metric.clock),
        ("Formula", metric.formula),
        ("Statistic", _ESTIMATORS.get(metric.estimator, metric.estimator.value.replace("_", " "))),
        ("Out of", metric.denominator),
        ("Period by", _ANCHORS.get(metric.anchor, metric.anchor.value.replace("_", " "))),
        ("Horizon", f"{metric.horizon_days} days" if metric.horizon_days else ""),
        ("Cut off by", "; ".join(metric.censored_by)),
        ("Left out", "; ".join(metric.exclusions)),
        ("Unit", f"{_unit(metric)}, {_BETTER[metric.better]}"),
        ("No value", "shown with its reason, never as 0; few cases are not judged"),
        ("Refresh", listing(metric.lanes)),
        ("Column class", metric.column_class.value),
        ("Source", metric.source),
    ):
        if words:
            yield term, words


def _figure_words(metric: Metric, named: NamedPeriod) -> str:
    if metric.anchor is Anchor.AS_OF:
        return "As it stands, for everything you may see."
    return f"{on_date(named.start)} to {on_date(named.last_day)}, for everything you may see."


def _figure_steps(metric: Metric, row: Row) -> Iterable[ExampleStep]:
    if row.reason is Reason.HIDDEN:
        return
    if row.denominator is not None and row.numerator is not None and row.value is not None:
        yield ExampleStep("Out of", _number(row.denominator))
        yield ExampleStep("Of these", _number(row.numerator))
    else:
        yield ExampleStep("Cases", number(row.n))
        if row.events is not None:
            yield ExampleStep("Ended", number(row.events))
    if row.low is not None and row.high is not None:
        yield ExampleStep("95% interval", f"{amount(row.low, row.unit)} to {amount(row.high, row.unit)}")
    if row.naive is not None and row.value is not None:
        yield ExampleStep("Finished cases only would say", amount(row.naive, row.unit))
    if row.value is not None:
        words = f"{amount(row.value, row.unit)} {unit_word(row.unit, row.value)}".strip()
        yield ExampleStep(metric.name, words, is_result=True)


def _number(value: float) -> str:
    return number(value, decimals=0 if float(value).is_integer() else 1)


def _versions(metric: Metric) -> tuple[VersionStep, ...]:
    earlier = [
        VersionStep(old.version, old.effective_from, f"Then: {old.changed}", is_current=False)
        for old in metric.revisions
    ]
    now = VersionStep(metric.version, metric.effective_from, "In force", is_current=True)
    return tuple(reversed([*earlier, now]))


def _use(consumer: Consumer) -> Use:
    if consumer.kind is ConsumerKind.REPORT:
        return Use("Report", consumer.name, "/reports")
    return Use(consumer.kind.value.capitalize(), consumer.name, _HREFS.get(consumer.id))


def _related(metric: Metric, viewer: Viewer) -> Iterable[Related]:
    def named(metric_id: str | None, words: str) -> Iterable[Related]:
        found = REGISTRY.get(metric_id or "")
        if found is not None and found.column_class in viewer.classes:
            yield Related(found.id, found.name, words)

    yield from named(metric.successor, "takes its place")
    yield from named(metric.variant_of, "is what this is a variant of")
    for other in REGISTRY.values():
        if other.variant_of == metric.id:
            yield from named(other.id, "is a variant")
        if other.successor == metric.id:
            yield from named(other.id, "gives way to this")
