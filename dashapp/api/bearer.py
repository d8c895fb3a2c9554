"""Who a program is: the token of its ``Authorization`` header, and nothing else that it sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import g, request

from services.access.policy import Action, Policy
from services.accounts.tokens import TokenScope
from services.domain.errors import ForbiddenError, NotFoundError, NotSignedInError

if TYPE_CHECKING:
    from services.accounts.tokens import Tokens

PREFIX = "/api/v1/"
QUERY = f"{PREFIX}metrics/query"
LIST = f"{PREFIX}metrics"
ONE = f"{PREFIX}metrics/<metric_id>"
REQUISITION = f"{PREFIX}requisitions/<requisition_id>"
DESCRIPTION = f"{PREFIX}openapi.json"

ROUTES: Mapping[str, Action] = {
    QUERY: Action.METRICS_QUERY,
    LIST: Action.METRICS_QUERY,
    ONE: Action.METRICS_QUERY,
    REQUISITION: Action.REQUISITIONS_VIEW,
    DESCRIPTION: Action.PUBLIC,
}
SCOPES: Mapping[str, TokenScope] = {
    QUERY: TokenScope.METRICS_READ,
    LIST: TokenScope.DEFINITIONS_READ,
    ONE: TokenScope.DEFINITIONS_READ,
    REQUISITION: TokenScope.REQUISITIONS_EDIT,
}
NO_TOKEN = "Send a token in the header: Authorization: Bearer TOKEN. An administrator makes one."  # noqa: S105 - words


class BearerGate:
    """The gate of ``/api/v1``. A session's cookie counts for nothing here, so another site cannot use one."""

    def __init__(self, policy: Policy, tokens: Tokens) -> None:
        self._policy = policy
        self._tokens = tokens

    def admit(self, rule: str | None, action: Action | None) -> None:
        """Lets the request through, with its owner as the viewer. ``rule`` None = Flask answers 404 or 405 itself.

        Raises NotSignedInError, RateLimitedError, NotFoundError, ForbiddenError.
        """
        if action is Action.PUBLIC:
            return
        caller = self._tokens.admit(_token())
        g.viewer, g.token_prefix = caller.viewer, caller.prefix
        if rule is None:
            return
        if rule not in SCOPES:
            raise NotFoundError(f"Nothing has this address. {DESCRIPTION} lists what there is.")
        if action is None:
            raise ForbiddenError("This address has no policy, so nobody may use it.")
        self._policy.require(caller.viewer, action)
        caller.require(SCOPES[rule])


def _token() -> str:
    """Only from the header: an address is written into logs and histories."""
    kind, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise NotSignedInError(NO_TOKEN)
    return token.strip()
