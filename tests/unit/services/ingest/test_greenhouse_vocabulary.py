"""2: Greenhouse's words to ours, by rule and by mapping."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.domain.errors import InvalidInputError
from services.ingest.connectors.greenhouse.vocabulary import Vocabulary, load_vocabulary

PLAN = ["Application Review", "Phone Screen", "Take Home Test", "Reference Check", "Onsite", "Debrief", "Offer"]


def test_a_plan_is_placed_in_the_canonical_order() -> None:
    words = Vocabulary()
    assert [words.stage(PLAN, place) for place in range(len(PLAN))] == [
        "applied", "screen", "assessment", "assessment", "interview", "interview", "offer",
    ]  # fmt: skip


def test_a_name_no_rule_knows_has_no_place() -> None:
    assert Vocabulary().stage(["Zumba"], 0) is None


@pytest.mark.parametrize(
    ("name", "type_name", "kind"),
    [
        ("They declined our offer (job offer declined)", None, "candidate"),
        ("We rejected them (send rejection)", None, "company"),
        ("Accepted another offer", "They rejected us", "candidate"),
        ("Candidate no-show", "We rejected them", "no_show"),
        ("Unresponsive", "We rejected them", "unresponsive"),
        ("Position filled", "None specified", "position_filled"),
        ("Moved to another job", None, "transfer"),
        ("reason1", "We rejected them", "company"),
        ("reason3", "None specified", "unknown"),
        ("reason4", None, "unknown"),
    ],
)
def test_a_reason_says_whose_decision_it_was(name: str, type_name: str | None, kind: str) -> None:
    assert Vocabulary().reason_kind(name, type_name) == kind


@pytest.mark.parametrize(
    ("name", "type_name", "channel"),
    [
        ("Employee referral", None, "referral"),
        ("Jobs page on your website", None, "careers_site"),
        ("Campus Job Fair", None, "university"),
        ("Internal Applicant", None, "internal"),
        ("LinkedIn", "Third-party boards", "job_board"),
        ("Recurse", "Prospecting", "sourced"),
        ("Acme", "Agencies", "agency"),
        ("Other", "Supernatural Means", "other"),
    ],
)
def test_a_source_belongs_to_a_channel(name: str, type_name: str | None, channel: str) -> None:
    assert Vocabulary().channel(name, type_name) == channel


def test_the_mapping_has_the_last_word(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yml"
    file.write_text(
        "version: 1\nstages: {zumba: interview, Offer: assessment}\nsources: {LinkedIn: sourced}\n"
        "rejection_reasons: {reason1: candidate}\nclose_reasons: {On Hold: on_hold}\n"
        "offices: {Berlin: {timezone: Europe/Berlin}}\n",
        encoding="utf-8",
    )
    words = load_vocabulary(file)
    assert words.stage(["ZUMBA", "Offer"], 0) == "interview"
    assert words.stage(["ZUMBA", "Offer"], 1) == "assessment"
    assert words.channel("LinkedIn", None) == "sourced"
    assert words.reason_kind("Reason1", "We rejected them") == "candidate"
    assert words.closed_as("on hold") == "on_hold"
    assert words.closed_as("Not Filling") is None
    assert words.office("berlin") == {"timezone": "Europe/Berlin"}


def test_on_hold_means_nothing_until_somebody_says_so() -> None:
    assert Vocabulary().closed_as("On Hold") is None


def test_a_channel_nobody_knows_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yml"
    file.write_text("version: 1\nsources: {LinkedIn: internet}\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"LinkedIn is 'internet'\. Accepted: agency"):
        load_vocabulary(file)
