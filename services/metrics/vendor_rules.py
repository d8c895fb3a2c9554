"""How applicant tracking systems define the numbers people know, as named variants of ours.

Each rule names the variant the vendor's number is computed as and, in order, the rules that lead from it to ours. What
a vendor's own pages say is marked as documented; where they leave it to the customer, or to a default nobody writes
down, the most common setting is taken and said to be that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.domain.errors import InvalidInputError

VENDORS: Mapping[str, str] = {
    "greenhouse": "Greenhouse",
    "ashby": "Ashby",
    "lever": "Lever",
    "workable": "Workable",
    "gem": "Gem",
}


@dataclass(frozen=True)
class VendorRule:
    """``start``: the variant that is the vendor's number. ``steps``: rules, each leading to the next variant."""

    start: str
    steps: tuple[str, ...]
    definition: str
    source: str
    is_documented: bool = True


STEPS: Mapping[str, str] = {
    "days_are_elapsed": "calendar days between two dates -> time elapsed",
    "undone_left_out": "acceptances undone before the start counted -> left out",
    "median_for_mean": "mean -> median: a few very long ones weigh as much as any other",
    "grid": "exact seconds -> tenths of a day, as every engine can repeat",
    "seat_for_requisition": "requisition, filled with its last seat -> every seat by itself",
    "evergreen_left_out": "seats made for an offer counted -> left out",
    "holds_taken_out": "holds, freezes and gaps counted -> taken out",
    "open_seats_censored": "filled seats only -> open and cancelled ones at risk too, for as long as they were "
    "(Kaplan-Meier)",
    "pending_left_out": "offers without an answer in the denominator -> left out and shown",
    "rescinded_left_out": "offers the company took back before an answer in the denominator -> left out and shown",
    "first_version_dates": "dated by the last version extended, or by the answer -> by the first version",
    "expired_counted": "accepted and declined only -> expired and withdrawn count as a no",
    "extended_for_stage": "applications that entered the offer stage -> to which an offer was extended",
    "one_cohort": "who entered the stages in the period, whenever they began -> one cohort followed",
    "resolved_to_all": "resolved ones only -> all of the cohort in the denominator",
    "competing_risks": "hired so far -> probability by the horizon; open ones censored, other ways out compete "
    "(Aalen-Johansen)",
    "unexplained": "what no rule above explains",
    "external_only": "internal applicants and rehires counted -> apart",
}

_HIRE_STEPS = ("undone_left_out", "grid", "median_for_mean")
_FILL_STEPS = ("evergreen_left_out", "grid", "holds_taken_out", "median_for_mean", "open_seats_censored")
_COMMON = "not written down by the vendor; the most common set-up is taken"

RULES: Mapping[tuple[str, str], VendorRule] = {
    ("greenhouse", "time_to_hire"): VendorRule(
        "mean_of_accepted",
        _HIRE_STEPS,
        "mean days from application to accepted offer, of offers accepted in the period",
        "Greenhouse, KPI 3 (days to offer), here of accepted offers alone",
    ),
    ("ashby", "time_to_hire"): VendorRule(
        "median_of_accepted",
        ("undone_left_out", "grid"),
        "median days from the start of the application to the hire",
        "Ashby, time in process report (medians of completed durations)",
    ),
    ("lever", "time_to_hire"): VendorRule(
        "mean_of_accepted",
        _HIRE_STEPS,
        "sum of days from opportunity created to archived as hired, divided by the opportunities hired in the period",
        "Lever, monthly usage report (default start and end)",
    ),
    ("workable", "time_to_hire"): VendorRule(
        "mean_of_accepted_dates",
        ("days_are_elapsed", *_HIRE_STEPS),
        "mean of whole days from the first engagement, here the application, to the day of the hire",
        "Workable, time to hire report",
    ),
    ("gem", "time_to_hire"): VendorRule(
        "mean_of_accepted", _HIRE_STEPS, "mean days from application created to hired", _COMMON, is_documented=False
    ),
    ("greenhouse", "time_to_fill"): VendorRule(
        "mean_of_filled",
        _FILL_STEPS,
        "mean days from the opening of the job to the accepted offer, of openings filled in the period",
        "Greenhouse, KPI 3 (time to fill)",
    ),
    ("ashby", "time_to_fill"): VendorRule(
        "median_of_filled",
        ("evergreen_left_out", "grid", "holds_taken_out", "open_seats_censored"),
        "median days from the opening to its fill, of openings filled in the period",
        _COMMON,
        is_documented=False,
    ),
    ("lever", "time_to_fill"): VendorRule(
        "mean_of_requisitions",
        ("seat_for_requisition", *_FILL_STEPS),
        "mean days from requisition approved (open) to headcount filled, of requisitions filled in the period",
        "Lever, configuring the time to fill calculation (one of its start and end pairs)",
    ),
    ("workable", "time_to_fill"): VendorRule(
        "mean_of_filled_net_dates",
        ("days_are_elapsed", "evergreen_left_out", "grid", "median_for_mean", "open_seats_censored"),
        "mean of whole days from the requisition's opening to the hire, its time on hold left out",
        "Workable, time to hire report (accounts with a hiring plan)",
    ),
    ("gem", "time_to_fill"): VendorRule(
        "mean_of_filled",
        _FILL_STEPS,
        "mean days from opening to fill, of openings filled in the period",
        _COMMON,
        is_documented=False,
    ),
    ("greenhouse", "offer_acceptance_rate"): VendorRule(
        "accepted_of_extended",
        ("first_version_dates", "pending_left_out", "rescinded_left_out"),
        "accepted offers divided by offers extended in the period",
        "Greenhouse, KPI 4 (offer acceptance rate)",
    ),
    ("ashby", "offer_acceptance_rate"): VendorRule(
        "accepted_of_answered",
        ("first_version_dates", "expired_counted"),
        "accepted divided by accepted and declined, by the day of the answer",
        "Ashby, offer and offer acceptance reports (the latest version of an offer)",
    ),
    ("lever", "offer_acceptance_rate"): VendorRule(
        "accepted_of_extended",
        ("first_version_dates", "pending_left_out", "rescinded_left_out"),
        "accepted offers divided by offers sent in the period",
        _COMMON,
        is_documented=False,
    ),
    ("workable", "offer_acceptance_rate"): VendorRule(
        "accepted_of_extended",
        ("first_version_dates", "pending_left_out", "rescinded_left_out"),
        "accepted offers divided by offers sent in the period",
        _COMMON,
        is_documented=False,
    ),
    ("gem", "offer_acceptance_rate"): VendorRule(
        "accepted_of_offer_stage",
        ("extended_for_stage", "pending_left_out", "rescinded_left_out"),
        "applications hired divided by applications that reached the offer stage in the period, waiting ones included",
        "Gem, passthrough rate from offer to hired",
    ),
    ("greenhouse", "pass_through_rate"): VendorRule(
        "pass_through_rate_snapshot",
        ("competing_risks",),
        "of the candidates who applied in the period, those who ever reached the stage",
        "Greenhouse, glossary of report metrics (candidates reached)",
    ),
    ("gem", "pass_through_rate"): VendorRule(
        "pass_through_rate_snapshot",
        ("competing_risks",),
        "applications that progressed divided by those in the stage, skipped stages passed, waiting ones included",
        "Gem, passthrough rates",
    ),
    ("ashby", "pass_through_rate"): VendorRule(
        "pass_through_rate_resolved",
        ("resolved_to_all", "competing_risks"),
        "applications that progressed divided by those that have left the stage",
        _COMMON,
        is_documented=False,
    ),
    ("lever", "pass_through_rate"): VendorRule(
        "pass_through_rate_activity",
        ("one_cohort", "competing_risks"),
        "opportunities that entered the later stage in the period divided by those that entered the earlier one",
        _COMMON,
        is_documented=False,
    ),
    ("workable", "pass_through_rate"): VendorRule(
        "pass_through_rate_activity",
        ("one_cohort", "competing_risks"),
        "candidates moved to the later stage in the period divided by those moved to the earlier one",
        _COMMON,
        is_documented=False,
    ),
    **{
        (vendor, "source_conversion"): VendorRule(
            "pass_through_rate_snapshot",
            ("external_only", "competing_risks"),
            "hired so far divided by candidates added from the source in the period",
            source,
            is_documented,
        )
        for vendor, source, is_documented in (
            ("greenhouse", "Greenhouse, glossary of report metrics (candidates added and hired by source)", True),
            ("ashby", _COMMON, False),
            ("lever", _COMMON, False),
            ("workable", _COMMON, False),
            ("gem", _COMMON, False),
        )
    },
}


def rule(vendor: str, metric: str) -> VendorRule:
    """Raises InvalidInputError, which says which vendors and numbers there are."""
    key = vendor.lower()
    if key not in VENDORS:
        raise InvalidInputError(f"There are no rules of {vendor[:40]!r}. Choose from: {', '.join(VENDORS)}.")
    found = RULES.get((key, metric))
    if found is None:
        known = ", ".join(name for owner, name in RULES if owner == key)
        raise InvalidInputError(f"{VENDORS[key]} shows no number that matches {metric[:60]!r}. Choose from: {known}.")
    return found


def has_rule(vendor: str, metric: str) -> bool:
    return (vendor, metric) in RULES
