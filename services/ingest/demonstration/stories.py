"""What is planted in the demonstration company, drawn from the seed alone, so that tests can know the truth."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from services.ingest.demonstration.names import CHECK_VENDORS, DEPARTMENTS, OFFICES

TEAMS = tuple(team for _, _, teams in DEPARTMENTS for team in teams)


@dataclass(frozen=True)
class Stories:
    """The planted truth. Factors multiply the company's own rate or delay."""

    seed: int
    slow_panel_team: str
    """Interviewers of this team hand feedback in late."""
    slow_panel_delay_factor: float
    simpson_source: str
    """Looks worse than ``simpson_rival`` when pooled, is better within each job family."""
    simpson_rival: str
    simpson_easy_family: str
    """Converts well and is where the rival's applications come from."""
    simpson_hard_family: str
    over_capacity_department: str
    """Its recruiters hold this many times the usual load: the first screen waits accordingly."""
    over_capacity_factor: float
    losing_vendor: str
    """Background checks ordered there get no result in ``losing_vendor_share`` of the cases."""
    losing_vendor_share: float
    provisioning_office: str
    """Laptops come this many days late, and people get productive later."""
    provisioning_delay_days: int

    def as_dict(self) -> dict[str, object]:
        """For ``hireboard demo stories --json``."""
        return asdict(self)


def plant(seed: int) -> Stories:
    """Draw the stories of ``seed``; independent of the size of the company."""
    rng = np.random.default_rng([seed, 0x5709])
    simpson = ("Direct sourcing", "Job boards") if rng.random() < 0.5 else ("Careers site", "University programme")
    easy, hard = ("Customer support", "Engineering") if rng.random() < 0.5 else ("Operations", "Sales")
    return Stories(
        seed=seed,
        slow_panel_team=str(rng.choice(TEAMS)),
        slow_panel_delay_factor=round(float(rng.uniform(3.0, 4.5)), 2),
        simpson_source=simpson[0],
        simpson_rival=simpson[1],
        simpson_easy_family=easy,
        simpson_hard_family=hard,
        over_capacity_department=str(rng.choice([name for name, _, _ in DEPARTMENTS[:4]])),
        over_capacity_factor=round(float(rng.uniform(1.8, 2.5)), 2),
        losing_vendor=str(rng.choice(CHECK_VENDORS)),
        losing_vendor_share=round(float(rng.uniform(0.10, 0.20)), 2),
        provisioning_office=str(rng.choice([office.name for office in OFFICES[:5]])),
        provisioning_delay_days=int(rng.integers(4, 9)),
    )
