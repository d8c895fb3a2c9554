"""What the scheduler does for thresholds every few seconds: judge new snapshots, then take the steps that are due."""

from __future__ import annotations

from services.alerts.escalation import Escalation
from services.alerts.evaluation import Evaluation
from services.domain.errors import RetryLaterError


class AlertRounds:
    """One round. It does nothing twice, so any process may make one at any time."""

    def __init__(self, evaluation: Evaluation, escalation: Escalation) -> None:
        self._evaluation = evaluation
        self._escalation = escalation

    def evaluate(self) -> int:
        """Rules judged on the published snapshot. Raises RetryLaterError before there is one."""
        return self._evaluation.run()

    def run(self) -> None:
        """Both; without a snapshot only the ladder goes on."""
        try:
            self._evaluation.run()
        except RetryLaterError:
            self._escalation.run()
            raise
        self._escalation.run()
