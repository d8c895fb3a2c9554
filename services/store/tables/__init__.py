"""The canonical model. Import table classes from here; `metadata` holds them all."""

from services.store.tables.access import (
    LoginAttempt,
    RoleGrant,
    UserAccount,
    UserSession,
)
from services.store.tables.agreements import WorksAgreement
from services.store.tables.alerts import Incident, IncidentEvent, ThresholdRule
from services.store.tables.api import ApiToken
from services.store.tables.audit import AuditEvent, RefusedAccess
from services.store.tables.base import Base
from services.store.tables.delivery import (
    ArchiveAccess,
    ArchiveItem,
    JobLease,
    OutboxMessage,
    ReportRun,
    ReportSchedule,
)
from services.store.tables.evaluation import (
    BackgroundCheck,
    Demographic,
    Feedback,
    Interview,
    PerformanceReview,
    SurveyAnswer,
)
from services.store.tables.ingest import (
    ChangeRow,
    ImportBatch,
    QuarantineRow,
    SourceRecord,
)
from services.store.tables.live_lane import (
    FreshnessRecord,
    LiveLane,
    OpenApplication,
    OpenRequisition,
    OpenRequisitionStop,
    PinnedView,
    RefreshRule,
)
from services.store.tables.module_settings import ValidationLack, ValidationPlan
from services.store.tables.offers import Hire, OfferVersion, OnboardingTask
from services.store.tables.organisation import (
    CompanyHoliday,
    Department,
    JobFamily,
    JobLevel,
    Office,
    Person,
    PersonLeave,
    Source,
)
from services.store.tables.pipeline import (
    Application,
    Candidate,
    ExitReason,
    PipelineStage,
    StageVisit,
)
from services.store.tables.planning import CapacitySetting, DiversityGoal, PriorityExpectation, PriorityProfile
from services.store.tables.requisition_edits import (
    RequisitionOverlay,
    RequisitionOwnerEdit,
    RequisitionPause,
    RequisitionSeatEdit,
)
from services.store.tables.requisitions import (
    Freeze,
    FreezeExemption,
    Opening,
    Requisition,
    RequisitionOwner,
    RequisitionStatusInterval,
)
from services.store.tables.scorecard_templates import ScorecardTemplate
from services.store.tables.settings import AppSetting, MetricTarget
from services.store.tables.surveys import SurveyOptOut, SurveyPlan, SurveyRequest
from services.store.tables.validation import ValidationCertificate, ValidationDrift
from services.store.tables.views import ProblemReport, SavedView

metadata = Base.metadata

__all__ = [
    "ApiToken",
    "AppSetting",
    "Application",
    "ArchiveAccess",
    "ArchiveItem",
    "AuditEvent",
    "BackgroundCheck",
    "Base",
    "Candidate",
    "CapacitySetting",
    "ChangeRow",
    "CompanyHoliday",
    "Demographic",
    "Department",
    "DiversityGoal",
    "ExitReason",
    "Feedback",
    "Freeze",
    "FreezeExemption",
    "FreshnessRecord",
    "Hire",
    "ImportBatch",
    "Incident",
    "IncidentEvent",
    "Interview",
    "JobFamily",
    "JobLease",
    "JobLevel",
    "LiveLane",
    "LoginAttempt",
    "MetricTarget",
    "OfferVersion",
    "Office",
    "OnboardingTask",
    "OpenApplication",
    "OpenRequisition",
    "OpenRequisitionStop",
    "Opening",
    "OutboxMessage",
    "PerformanceReview",
    "Person",
    "PersonLeave",
    "PinnedView",
    "PipelineStage",
    "PriorityExpectation",
    "PriorityProfile",
    "ProblemReport",
    "QuarantineRow",
    "RefreshRule",
    "RefusedAccess",
    "ReportRun",
    "ReportSchedule",
    "Requisition",
    "RequisitionOverlay",
    "RequisitionOwner",
    "RequisitionOwnerEdit",
    "RequisitionPause",
    "RequisitionSeatEdit",
    "RequisitionStatusInterval",
    "RoleGrant",
    "SavedView",
    "ScorecardTemplate",
    "Source",
    "SourceRecord",
    "StageVisit",
    "SurveyAnswer",
    "SurveyOptOut",
    "SurveyPlan",
    "SurveyRequest",
    "ThresholdRule",
    "UserAccount",
    "UserSession",
    "ValidationCertificate",
    "ValidationDrift",
    "ValidationLack",
    "ValidationPlan",
    "WorksAgreement",
    "metadata",
]
