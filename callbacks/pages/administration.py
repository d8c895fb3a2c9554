"""People and access, calendars and works agreements: pages, and the addresses of their forms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import jsonify
from flask.typing import ResponseReturnValue

from callbacks.pages.figures import sent_object
from callbacks.registry import PageRequest, PageSpec, RouteSpec
from layouts.pages.administration import agreements_page, calendars_page, people_page
from services.access.policy import Action
from services.accounts.agreements import Agreements
from services.accounts.people_page import PeoplePage
from services.domain.administration import AgreementInWords, AgreementsView
from services.domain.errors import InvalidInputError, NotFoundError
from services.ingest.company_days import CompanyDays

if TYPE_CHECKING:
    from dash.development.base_component import Component

GROUP = "Administration"
LONGEST_SEARCH = 100
EVENTS_SHOWN = 50
_LONGEST_NUMBER = 9
_LONGEST_TEXT = 1_000


def _text(sent: dict[str, Any], name: str) -> str:
    value = sent.get(name, "")
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise InvalidInputError("A field is too long or of the wrong kind. Reload the page and try again.")
    return value.strip()


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else None


def _id(asked: PageRequest, name: str) -> int:
    number = _number(asked.parameters[name])
    if number is None:
        raise NotFoundError("There is nothing with this number. Reload the page and try again.")
    return number


def _word(asked: PageRequest, name: str) -> str:
    value = next(iter(asked.query.get(name, ())), "")
    return value if len(value) <= LONGEST_SEARCH and value.isprintable() else ""


# --- people and access ---------------------------------------------------------------------------------------------


def _people(asked: PageRequest) -> PeoplePage:
    return PeoplePage(asked.services.store, asked.services.accounts)


def people(asked: PageRequest) -> Component:
    view = _people(asked).view(asked.viewer, _word(asked, "q"), _number(_word(asked, "page")) or 1)
    return people_page(view, asked.viewer.timezone)


def add_person(asked: PageRequest) -> ResponseReturnValue:
    sent = dict(sent_object())
    names = ("name", "email", "role", "department", "region")
    password = _people(asked).add(asked.viewer, *(_text(sent, name) for name in names))
    return jsonify(keep=f"Added. First password, shown this once: {password}")


def change_role(asked: PageRequest) -> ResponseReturnValue:
    sent = dict(sent_object())
    number = _number(_text(sent, "person"))
    if number is None:
        raise InvalidInputError("Choose a person from the list.")
    _people(asked).change_role(asked.viewer, number, *(_text(sent, name) for name in ("role", "department", "region")))
    return jsonify(message="Changed.")


def deactivate(asked: PageRequest) -> ResponseReturnValue:
    _people(asked).deactivate(asked.viewer, _id(asked, "user_id"))
    return jsonify(message="Deactivated.")


# --- calendars -----------------------------------------------------------------------------------------------------


def _days(asked: PageRequest) -> CompanyDays:
    return CompanyDays(asked.services.store, asked.services.audit)


def calendars(asked: PageRequest) -> Component:
    return calendars_page(_days(asked).view(), datetime.now(UTC).date())


def add_day(asked: PageRequest) -> ResponseReturnValue:
    sent = dict(sent_object())
    _days(asked).add(asked.viewer.email, *(_text(sent, name) for name in ("on", "name", "office")))
    return jsonify(message="Added.")


def remove_day(asked: PageRequest) -> ResponseReturnValue:
    _days(asked).remove(asked.viewer.email, _id(asked, "day_id"))
    return jsonify(message="Removed.")


# --- works agreements ----------------------------------------------------------------------------------------------


def _agreements(asked: PageRequest) -> Agreements:
    return Agreements(asked.services.store, asked.services.audit)


def agreements(asked: PageRequest) -> Component:
    policy, found = asked.services.policy, _agreements(asked)
    listed = tuple(
        AgreementInWords(
            f"{one.kind.capitalize()} {one.place}",
            one.is_in_force,
            one.version,
            one.purpose,
            one.keep_person_days,
            one.changed_at,
            one.changed_by,
        )
        for one in found.list_all()
    )
    may_read_log = policy.can(asked.viewer, Action.AUDIT_VIEW)
    events = found.access_log(EVENTS_SHOWN) if may_read_log else []
    log = tuple((event.at, event.actor, event.action, event.resource or "") for event in events)
    view = AgreementsView(listed, log, policy.can(asked.viewer, Action.AGREEMENTS_MANAGE))
    return agreements_page(view, asked.viewer.timezone)


def set_agreement(asked: PageRequest) -> ResponseReturnValue:
    sent = dict(sent_object())
    days = _number(_text(sent, "days"))
    if days is None:
        raise InvalidInputError("Days are a whole number, for example 90.")
    _agreements(asked).change(
        _text(sent, "kind"),
        _text(sent, "place"),
        is_in_force=sent.get("in_force") is True,
        purpose=_text(sent, "purpose"),
        keep_person_days=days,
        actor=asked.viewer.email,
    )
    return jsonify(message="Set.")


PAGES = (
    PageSpec(
        "/admin/people",
        "People and access",
        Action.USERS_MANAGE,
        icon="person",
        group=GROUP,
        layout=people,
        routes=(
            RouteSpec("/admin/people/new", Action.USERS_MANAGE, add_person, methods=("POST",)),
            RouteSpec("/admin/people/role", Action.USERS_MANAGE, change_role, methods=("POST",)),
            RouteSpec("/admin/people/<user_id>/deactivate", Action.USERS_MANAGE, deactivate, methods=("POST",)),
        ),
    ),
    PageSpec(
        "/admin/calendars",
        "Calendars",
        Action.CALENDARS_MANAGE,
        icon="calendar",
        group=GROUP,
        layout=calendars,
        routes=(
            RouteSpec("/admin/calendars/new", Action.CALENDARS_MANAGE, add_day, methods=("POST",)),
            RouteSpec("/admin/calendars/<day_id>/remove", Action.CALENDARS_MANAGE, remove_day, methods=("POST",)),
        ),
    ),
    PageSpec(
        "/admin/agreements",
        "Works agreements",
        Action.AGREEMENTS_VIEW,
        icon="shield",
        group=GROUP,
        layout=agreements,
        routes=(RouteSpec("/admin/agreements/set", Action.AGREEMENTS_MANAGE, set_agreement, methods=("POST",)),),
    ),
)
