"""The page of targets, thresholds and limits: what figures are judged by, and the forms of those who set it."""

from __future__ import annotations

from collections.abc import Mapping

from services.access.policy import Action, Policy
from services.alerts.thresholds import Rule, Thresholds
from services.domain import wording
from services.domain.metric import Unit
from services.domain.people import Viewer
from services.domain.pipeline import STAGE_ORDER
from services.domain.settings_pages import Field, Form, Section, SettingsView
from services.domain.views import Column, Table, TableRow
from services.metrics.dimensions import DIMENSIONS
from services.metrics.limits import Limits, LimitSettings
from services.metrics.places import Level, PlaceBook
from services.metrics.registry import REGISTRY
from services.metrics.target_settings import SetTarget, TargetSettings
from services.reporting.pages.settings_words import may_change, metric_name, place_choices, place_value
from services.store.database import Store

PATH = "/admin/thresholds"
_READ_ONLY = "Read only: recruiting managers and administrators change this."


class LimitsPage:
    """For those who may read plans; thresholds are shown to those who manage them."""

    def __init__(
        self, store: Store, policy: Policy, targets: TargetSettings, thresholds: Thresholds, limits: LimitSettings
    ) -> None:
        self._store = store
        self._policy = policy
        self._targets = targets
        self._thresholds = thresholds
        self._limits = limits

    def view(self, viewer: Viewer) -> SettingsView:
        """Raises ForbiddenError."""
        self._policy.require(viewer, Action.PLANNING_VIEW)
        with self._store.read() as connection:
            places = PlaceBook.of(connection)
        sections = [self._target_section(viewer, places)]
        if self._policy.can(viewer, Action.THRESHOLDS_MANAGE):
            sections.append(self._threshold_section(viewer))
        sections.append(self._limit_section(viewer))
        subtitle = "What figures are judged by, when somebody is told, what people and stages can carry"
        return SettingsView("Targets and thresholds", subtitle, PATH, tuple(sections))

    def _target_section(self, viewer: Viewer, places: PlaceBook) -> Section:
        targets = self._targets.listed(viewer)
        newest = max((one.id for one in targets), default=0)
        table = Table(
            "",
            "Of several the one that began last counts; a department's own goes before what is above it.",
            (
                Column("place", "For", "text"),
                Column("value", "Target", "text"),
                Column("start", "From", "text"),
            ),
            tuple(_target_row(one) for one in targets),
            empty="No target is set: figures are shown without a judgement.",
            heading="Metric",
        )
        can = self._policy.can(viewer, Action.PLANNING_MANAGE)
        forms = (_target_form(places, newest),) if can else ()
        refused = may_change(allowed=can, words=_READ_ONLY)
        return Section("targets", "Targets", "On, near or off target", (table,), (), forms, None, refused)

    def _threshold_section(self, viewer: Viewer) -> Section:
        rules = self._thresholds.listed(viewer)
        table = Table(
            "",
            "Warn: above the limit in two windows running. Breach: the one-sided 90 % bound is above it. It clears at "
            "nine tenths of the limit in two windows.",
            (
                Column("scope", "Scope", "text"),
                Column("limit", "Limit", "text"),
                Column("window", "Window", "text", fold=True),
                Column("n", "Least n", "number", fold=True),
                Column("step", "Each step waits", "text", fold=True),
            ),
            tuple(_rule_row(rule) for rule in rules),
            empty="No threshold is set: nobody is told when a figure gets worse.",
            heading="Metric",
        )
        forms = (_threshold_form(), *_threshold_end(rules))
        caption = "One open incident for each rule and scope, and a ladder of those who are told"
        return Section("thresholds", "Thresholds", caption, (table,), (), forms)

    def _limit_section(self, viewer: Viewer) -> Section:
        limits = self._limits.now(viewer)
        rows = [
            ("hours", "Interview hours a week", f"{limits.interview_hours:g}", "cap of interviewer load"),
            ("seats", "Weighted seats of a recruiter", f"{limits.recruiter_seats:g}", "cap of recruiter load"),
            *(
                (stage, f"Days in {stage}", f"{days:g}", "business days without activity, then stale")
                for stage, days in limits.stale_days.items()
            ),
        ]
        table = Table(
            "",
            f"Version {limits.version}. Leave and holidays lower the caps; holds stop the days.",
            (Column("value", "Limit", "text"), Column("what", "Meaning", "text")),
            tuple(TableRow(key, name, {"value": value, "what": what}) for key, name, value, what in rows),
            heading="What",
        )
        can = self._policy.can(viewer, Action.PLANNING_MANAGE) and viewer.scope.everything
        forms = (_limit_form(limits),) if can else ()
        words = "Read only: those who plan for the whole company change these."
        refused = may_change(allowed=can, words=words)
        return Section(
            "limits", "Caps and stale limits", "Figures follow within seconds", (table,), (), forms, None, refused
        )


def _target_row(one: SetTarget) -> TableRow:
    metric = REGISTRY.get(one.metric_id)
    value = wording.amount_with_unit(one.value, metric.unit) if metric is not None else f"{one.value:g}"
    place = one.place.words + (f", {one.stage}" if one.stage else "")
    cells = {"place": place, "value": value, "start": wording.on_date(one.effective_from)}
    return TableRow(str(one.id), metric_name(one.metric_id), dict(cells))


def _rule_row(rule: Rule) -> TableRow:
    scope = [f"{DIMENSIONS[name].name.lower()} {', '.join(values)}" for name, values in rule.scope.items()]
    scope += [f"each {DIMENSIONS[rule.each].name.lower()}"] if rule.each else []
    sign = "at most" if rule.is_ceiling else "at least"
    cells: Mapping[str, str | int] = {
        "scope": "; ".join(scope) or "the whole company",
        "limit": f"{sign} {wording.amount_with_unit(rule.limit, Unit.RATE)}",
        "window": rule.grain.value.capitalize(),
        "n": rule.minimum_n,
        "step": f"{rule.step_hours} business hours",
    }
    detail = rule.problem or f"no. {rule.id}, version {rule.version}, {rule.changed_by}"
    return TableRow(str(rule.id), rule.metric.name, dict(cells), detail=detail)


def _target_form(places: PlaceBook, newest: int) -> Form:
    listed = [one for one in places.listed() if one.level in {Level.COMPANY, Level.DEPARTMENT}]
    metrics = tuple(sorted(((key, metric.name) for key, metric in REGISTRY.items()), key=lambda pair: pair[1]))
    fields = (
        Field("metric", "Metric", "choice", "time_to_fill", metrics),
        Field("place", "For", "choice", place_value(listed[0]), place_choices(listed)),
        Field("value", "Target", "number", help="Rates between 0 and 1.", required=True),
        Field("start", "From", "date", help="Empty = today."),
    )
    words = "Figures of periods that end on this day or later are judged by it. The change is audited."
    return Form("target-form", f"{PATH}/target", "Set a target", words, fields, "Set the target", str(newest))


def _threshold_form() -> Form:
    rates = tuple(
        sorted(((key, one.name) for key, one in REGISTRY.items() if one.unit is Unit.RATE), key=lambda pair: pair[1])
    )
    stages = (("", "Every stage"), *((stage, stage.capitalize()) for stage in STAGE_ORDER[1:-1]))
    each = (("", "The scope as one"), ("top_department", "Each department"), ("job_family", "Each job family"))
    windows = tuple((grain, grain.capitalize()) for grain in ("month", "week", "quarter"))
    fields = (
        Field("metric", "Metric", "choice", "drop_off_rate", rates),
        Field("limit", "Limit", "number", help="A rate between 0 and 1.", required=True),
        Field("stage", "Stage", "choice", "", stages),
        Field("each", "Judged by", "choice", "", each),
        Field("template", "Scorecard template", help="Its name; empty = none."),
        Field("minimum_n", "Least n", "number", "20"),
        Field("window", "Window", "choice", "month", windows),
        Field("step_hours", "Business hours a step waits", "number", "8"),
    )
    words = "The same metric and scope is changed. A broken limit opens an incident and tells the ladder by mail."
    return Form("threshold-form", f"{PATH}/rule", "Set a threshold", words, fields, "Set the threshold")


def _threshold_end(rules: list[Rule]) -> tuple[Form, ...]:
    if not rules:
        return ()
    choices = tuple((str(rule.id), f"{rule.metric.name}, no. {rule.id}") for rule in rules)
    field = Field("rule", "Threshold", "choice", choices[0][0], choices)
    words = "Its open incidents are closed with it; their history stays."
    return (Form("threshold-end", f"{PATH}/rule/end", "Remove a threshold", words, (field,), "Remove it"),)


def _limit_form(limits: Limits) -> Form:
    fields = (
        Field("interview_hours", "Interview hours a week", "number", f"{limits.interview_hours:g}"),
        Field("recruiter_seats", "Weighted seats of a recruiter", "number", f"{limits.recruiter_seats:g}"),
        *(
            Field(f"stale_{stage}", f"Business days in {stage}", "number", f"{days:g}")
            for stage, days in limits.stale_days.items()
        ),
    )
    words = "Loads and stale candidates are counted by these from now on, for every period. The change is audited."
    return Form("limit-form", f"{PATH}/limits", "Set limits", words, fields, "Set limits", str(limits.version))
