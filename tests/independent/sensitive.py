"""Self-identification and pay once more, row by row in pandas: categories, stages, decisions, medians."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd

from tests.independent.recomputed import Group, Recomputed, Span

NO_GROUP = {"declined", "not_asked", "no_answer"}


class Sensitive:
    """Who said what, by application."""

    def __init__(self, recomputed: Recomputed) -> None:
        self.recomputed, self.company = recomputed, recomputed.company
        self.answers: dict[tuple[int, str], str | None] = {}
        frame = self.company.table("demographic")
        frame = frame[frame["application_id"].isin(self.company.applications.index)]
        for row in frame.sort_values(["asked_at", "id"]).itertuples():
            answer = None if pd.isna(row.answer) or not str(row.answer).strip() else str(row.answer).strip().lower()
            self.answers[row.application_id, row.question] = answer

    def gender(self, application: int) -> str:
        if (application, "gender") not in self.answers:
            return "not_asked"
        answer = self.answers[application, "gender"]
        return "no_answer" if answer is None else answer.replace("-", "_")

    def ethnicity(self, application: int) -> str:
        """Hispanic wins; whoever keeps ethnicity to themselves has not disclosed, whatever the race."""
        asked = {
            name: self.answers[application, name]
            for name in ("hispanic", "race")
            if (application, name) in self.answers
        }
        if not asked:
            return "not_asked"
        if "hispanic" in asked:
            if asked["hispanic"] == "yes":
                return "hispanic"
            if asked["hispanic"] != "no":
                return asked["hispanic"] or "no_answer"
        return asked.get("race") or "no_answer"

    def category(self, question: str, application: int) -> str:
        return self.gender(application) if question == "gender" else self.ethnicity(application)

    def asked_in(self, question: str) -> set[str]:
        """Countries in which somebody was asked."""
        applications = self.company.applications
        countries = self.company.requisitions["country"].reindex(applications["requisition_id"]).to_numpy()
        return {
            country
            for application, country in zip(applications.index, countries, strict=True)
            if self.category(question, application) != "not_asked"
        }

    def reached(self, stage: str, span: Span) -> list[int]:
        if stage == "hired":
            return list(self.recomputed.accepted(span).index)
        return list(self.recomputed._dated(self.company.applications["applied_at"], span).index)

    def representation(self, question: str, stage: str, span: Span, group: Group) -> dict[str | None, Counter[str]]:
        found: dict[str | None, Counter[str]] = {}
        countries = self.asked_in(question)
        for application in self.reached(stage, span):
            row = self.company.application[application]
            if self.company.requisition[row["requisition_id"]]["country"] in countries:
                found.setdefault(group(row), Counter())[self.category(question, application)] += 1
        return found

    def selections(self, question: str, span: Span) -> dict[str, tuple[int, int]]:
        """(selected, considered) per group: hires, and rejections by the company, by the day they were decided."""
        hired = set(self.reached("hired", span))
        ended = self.company.applications["ended_at"].dropna()
        closed = set(self.recomputed._dated(ended, span).index)
        accepted = self._ever_accepted()
        found: dict[str, tuple[int, int]] = {}
        for application, row in self.company.application.items():
            is_rejected = (
                application in closed
                and row["outcome"] == "rejected"
                and (pd.isna(row["reason_kind"]) or row["reason_kind"] == "company")
                and application not in accepted
            )
            category = self.category(question, application)
            if category not in NO_GROUP and (application in hired or is_rejected):
                selected, considered = found.get(category, (0, 0))
                found[category] = (selected + (application in hired), considered + 1)
        return found

    def _ever_accepted(self) -> set[int]:
        chains = self.company.chains
        return set(chains.index[chains["answer"] == "accepted"])

    def pay(self, span: Span) -> pd.DataFrame:
        """Accepted versions that stand, with position in the band and department."""
        offers = self.company.offers
        kept = offers[(offers["answer"] == "accepted") & offers["undone_at"].isna() & offers["salary_minor"].notna()]
        rows: list[dict[str, Any]] = []
        for offer in kept.itertuples():
            application = self.company.application[offer.application_id]
            if span.holds(self.company.local_date(offer.extended_at, application["zone"])):
                width = offer.band_max_minor - offer.band_min_minor
                rows.append(
                    {
                        "salary": offer.salary_minor / 100,
                        "currency": offer.currency,
                        "position": (offer.salary_minor - offer.band_min_minor) / width if width > 0 else None,
                        "region": application["region"],
                    }
                )
        return pd.DataFrame(rows)
