"""The small-n rule: it governs rates, medians and means, never counts, lists or the clock of one requisition.

n is the denominator; of a curve the subjects, of whom at least 5 must have left. Below 5 a figure is hidden, from 5 to
9 only its counts are shown, from 10 to 19 it is shown with its interval and never judged. Figures of one person need 20
resolved units, whoever asks; one's own figures follow the general rule.
"""

from __future__ import annotations

from services.domain.metric import Reason
from services.metrics.figures import Figure

SHOWN_FROM = 10
EVENTS_FROM = 5
PERSON_FROM = 20


def suppress(figure: Figure, *, is_curve: bool, is_personal: bool) -> Figure:
    """The figure as it may be shown. What is an estimate goes; what is a count stays."""
    if figure.exempt or figure.reason is Reason.NO_DATA or not _is_too_small(figure, is_curve, is_personal):
        return figure
    counts = {name: value for name, value in figure.extra.items() if isinstance(value, int)}
    return Figure(
        None,
        figure.n,
        Reason.TOO_FEW,
        events=figure.events,
        resolved=figure.resolved,
        numerator=figure.numerator,
        denominator=figure.denominator,
        horizon=figure.horizon,
        extra=counts,
        exempt=figure.exempt,
        shown_from=figure.shown_from,
    )


def _is_too_small(figure: Figure, is_curve: bool, is_personal: bool) -> bool:  # noqa: FBT001 - private, named above
    resolved = figure.resolved or 0
    if is_personal and resolved < PERSON_FROM:
        return True
    return figure.n < (figure.shown_from or SHOWN_FROM) or (is_curve and resolved < EVENTS_FROM)
