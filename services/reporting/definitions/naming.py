"""Names that the snapshot does not hold: the company's, and candidates' for those who may read them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from services.store.database import Store
from services.store.tables import Application, AppSetting, Candidate

DEFAULT_COMPANY = "Hireboard"
COMPANY_SETTING = "company.name"
_CHUNK = 500
"""Ids per statement; SQLite limits bound values."""


def company_name(store: Store) -> str:
    """The latest version of the setting; the product's own name until one is given."""
    statement = sa.select(AppSetting.value).where(AppSetting.name == COMPANY_SETTING)
    with store.read() as connection:
        value = connection.scalar(statement.order_by(AppSetting.version.desc()).limit(1))
    name = json.loads(value) if value else None
    return name if isinstance(name, str) and name.strip() else DEFAULT_COMPANY


def candidate_names(store: Store, application_ids: Sequence[int]) -> Mapping[int, str]:
    """By application. The caller has checked that the viewer may read candidates; without a name it is left out."""
    wanted = sorted(set(application_ids))
    found: dict[int, str] = {}
    with store.read() as connection:
        for start in range(0, len(wanted), _CHUNK):
            statement = (
                sa.select(Application.id, Candidate.name)
                .join(Candidate, Candidate.id == Application.candidate_id)
                .where(Application.id.in_(wanted[start : start + _CHUNK]))
            )
            found.update({row.id: row.name for row in connection.execute(statement) if row.name})
    return found
