"""The parts of this area, put together."""

from __future__ import annotations

from typing import NamedTuple

from services.access.policy import Policy
from services.audit.log import AuditLog
from services.delivery.leases import Clock, utc_now
from services.metrics.business_cycle import BusinessCycle
from services.metrics.capacities import Capacities
from services.metrics.capacity_plan import CapacityPlanner
from services.metrics.completeness_floor import Floors
from services.metrics.composite import CompositeIndex
from services.metrics.diversity_goals import Goals
from services.metrics.jurisdictions import Jurisdictions
from services.metrics.places import Place, PlaceBook
from services.metrics.profiles import Profiles
from services.metrics.query import QueryLayer
from services.metrics.scorecard_templates import Role, Templates
from services.store.database import Store


class Planning(NamedTuple):
    """What pages and commands call."""

    store: Store
    profiles: Profiles
    composite: CompositeIndex
    cycle: BusinessCycle
    templates: Templates
    capacities: Capacities
    planner: CapacityPlanner
    goals: Goals
    jurisdictions: Jurisdictions
    floors: Floors

    def places(self) -> PlaceBook:
        """The names there are now."""
        with self.store.read() as connection:
            return PlaceBook.of(connection)

    def place(self, department: str | None = None, job_family: str | None = None, level: str | None = None) -> Place:
        """By name; nothing named = the company. Raises InvalidInputError, which lists the names there are."""
        with self.store.read() as connection:
            return PlaceBook.of(connection).find(department, job_family, level)

    def role(self, department: str | None, job_family: str | None, level: str | None) -> Role:
        """By name; what is not named is left open. Raises InvalidInputError, which lists the names there are."""
        with self.store.read() as connection:
            return Role(*PlaceBook.of(connection).named(department, job_family, level))


def make_planning(
    store: Store, query: QueryLayer, policy: Policy, audit: AuditLog, *, clock: Clock = utc_now
) -> Planning:
    profiles = Profiles(store, policy, audit, clock=clock)
    capacities = Capacities(store, policy, audit, clock=clock)
    return Planning(
        store=store,
        profiles=profiles,
        composite=CompositeIndex(query, profiles),
        cycle=BusinessCycle(query),
        templates=Templates(store, policy, audit, clock=clock),
        capacities=capacities,
        planner=CapacityPlanner(store, query, capacities),
        goals=Goals(store, query, policy, audit, clock=clock),
        jurisdictions=Jurisdictions(store, policy, audit, clock=clock),
        floors=Floors(store, policy, audit, clock=clock),
    )
