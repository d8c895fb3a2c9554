"""The validation with what it needs from above: published figures and paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.container import Services
    from services.domain.people import Viewer
    from services.validation.validating import Prepared, Validation


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


class DueValidation:
    """The monthly validation as a worker's work; pandas is loaded with the first one that is due."""

    def __init__(self, services: Services, base_url: str) -> None:
        self._services = services
        self._base_url = base_url

    def prepare(self, period: str, viewer: Viewer) -> Prepared:
        """As ``services.validation.scheduled.ScheduledValidation``, for ``viewer``."""
        from services.validation.scheduled import ScheduledValidation  # noqa: PLC0415 - as the class says

        services, url = self._services, self._base_url
        parts = (services.store, services.policy, services.audit, services.outbox)
        return ScheduledValidation(*parts, make_validation(services, viewer, url), url).prepare(period, viewer)
