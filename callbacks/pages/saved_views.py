"""The addresses of saved views: the filter bar's menu asks for them and keeps new ones."""

from __future__ import annotations

import dataclasses

from flask import jsonify
from flask.typing import ResponseReturnValue

from callbacks.pages.figures import sent_object
from callbacks.registry import PageRequest, RouteSpec
from services.access.policy import Action
from services.domain.errors import NotFoundError
from services.reporting.saved_views import SavedViews

_LONGEST_ID = 18


def _views(asked: PageRequest) -> SavedViews:
    return SavedViews(asked.services.store, asked.services.audit)


def listed(asked: PageRequest) -> ResponseReturnValue:
    response = jsonify(views=[dataclasses.asdict(view) for view in _views(asked).listed(asked.viewer)])
    response.headers["Cache-Control"] = "no-store, private"
    return response


def save(asked: PageRequest) -> ResponseReturnValue:
    sent = sent_object()
    is_shared = sent.get("shared") is True
    _views(asked).save(asked.viewer, sent.get("name"), sent.get("path"), sent.get("search"), is_shared=is_shared)
    return listed(asked)


def delete(asked: PageRequest) -> ResponseReturnValue:
    number = asked.parameters["view_id"]
    if not (number.isascii() and number.isdigit()) or len(number) > _LONGEST_ID:
        raise NotFoundError("There is no such view of yours. It may have been deleted already.")
    _views(asked).delete(asked.viewer, int(number))
    return listed(asked)


ROUTES = (
    RouteSpec("/views", Action.SESSION_USE, listed),
    RouteSpec("/views/new", Action.SESSION_USE, save, methods=("POST",)),
    RouteSpec("/views/<view_id>/delete", Action.SESSION_USE, delete, methods=("POST",)),
)
