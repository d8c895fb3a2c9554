"""Services for one command, closed at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dashapp.config import load_settings
from dashapp.wiring import build_services

if TYPE_CHECKING:
    from services.container import Services
    from services.domain.people import Viewer


@contextmanager
def opened_services() -> Iterator[Services]:
    """Everything, from the settings of this process."""
    services = build_services(load_settings())
    try:
        yield services
    finally:
        services.mart.close()
        services.store.dispose()


def acting(services: Services, user: str | None) -> Viewer:
    """Who acts: the named user, or the local operator. Raises NotFoundError."""
    return services.accounts.viewer_by_email(user) if user else services.accounts.local_operator()
