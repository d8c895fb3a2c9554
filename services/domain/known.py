"""What stands beside a number that is asked for as it was known on a date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class KnownMetric:
    """``version`` is what computes the number; ``version_then`` was in force on the date."""

    metric: str
    version: int
    version_then: int

    @property
    def words(self) -> str:
        if self.version == self.version_then:
            return f"{self.metric} version {self.version}, in force then"
        if not self.version_then:
            return f"{self.metric} version {self.version}, which was not defined yet"
        return f"{self.metric} version {self.version}; version {self.version_then} was in force then"


@dataclass(frozen=True)
class KnownThen:
    """Which snapshot, definitions and policy answer for a date."""

    asked: str
    snapshot: str
    as_of: datetime
    """When its data were read; what a question without as-of is cut at."""
    schema_version: int
    policy_version: int
    """Of the viewer's rights, which are today's."""
    metrics: tuple[KnownMetric, ...]
