"""From figures to rows: what is the same in all rows of a metric is looked up once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.domain.metric import Metric, Row
from services.metrics import lifecycle
from services.metrics.figures import Figure


class RowMaker:
    """Makes the rows of one metric. A table of people has thousands, so each is filled in one step."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._remark = lifecycle.remarked(metric, None)
        self._same: dict[str, Any] = {
            "metric": metric.id,
            "unit": metric.unit,
            "estimator": metric.estimator,
            "anchor": metric.anchor,
            "lane": "batch",
            "definition_version": metric.version,
        }

    def row(self, dims: Mapping[str, str | None], figure: Figure) -> Row:
        """The figure as it is shown."""
        row = object.__new__(Row)
        # the generated constructor of a frozen class sets its fields one by one, at five times the cost
        row.__dict__.update(
            self._same,
            dims=dims,
            value=figure.value,
            n=figure.n,
            reason=figure.reason,
            events=figure.events,
            numerator=figure.numerator,
            denominator=figure.denominator,
            low=figure.low,
            high=figure.high,
            p25=figure.p25,
            p75=figure.p75,
            naive=figure.naive,
            horizon=figure.horizon,
            note=figure.note if self._remark is None else lifecycle.remarked(self._metric, figure.note),
            extra=figure.extra,
        )
        return row
