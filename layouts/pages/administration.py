"""The administration pages: people and access, calendars, works agreements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from dash import dcc, html
from dash.development.base_component import Component

from layouts.components.card import card, empty_card
from layouts.components.forms import Field, form, send_button
from layouts.components.markup import Child, attributes, hb, present, with_icon
from services.domain.administration import (
    AgreementInWords,
    AgreementsView,
    CalendarsView,
    Choice,
    PeopleView,
    PersonWithAccess,
)
from services.domain.wording import at_instant, number, on_date


def page_of(name: str, title: str, subtitle: str, *body: Child) -> Component:
    head = html.Header(html.Div([html.H1(title), html.P(subtitle, className=hb("sub"))]), className=hb("page-head"))
    parts = [html.Div(part, className=hb("mt-4")) for part in present(*body)]
    return html.Div([head, *parts], **attributes(data_page=name))


def options_of(choices: Sequence[Choice]) -> tuple[tuple[str, str], ...]:
    return tuple((choice.value, choice.label) for choice in choices)


def plain_table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[Child]]) -> Component:
    """The first cell of a row is its head; empty heads name a column of deeds."""
    named = [html.Th(head or html.Span("Deeds", className="visually-hidden"), scope="col") for head in heads]
    body = [html.Tr([html.Th(row[0], scope="row"), *(html.Td(cell) for cell in row[1:])]) for row in rows]
    table = html.Table(
        [html.Caption(caption, className="visually-hidden"), html.Thead(html.Tr(named)), html.Tbody(body)],
        className=hb("tbl tight"),
    )
    return html.Div(table, className=hb("tbl-w"))


# --- people and access ---------------------------------------------------------------------------------------------


def people_page(view: PeopleView, timezone: str) -> Component:
    subtitle = f"{number(view.active)} can sign in, {number(view.total - view.active)} are deactivated"
    rows = [_person_row(person, timezone) for person in view.people]
    words = f"{number(view.total)} people match “{view.search}”" if view.search else f"{number(view.total)} people"
    heads = ("Name", "Roles", "Last seen", "Tokens", "")
    found = plain_table("People and access", heads, rows) if rows else html.P("Nobody matches.", className=hb("sub"))
    return page_of(
        "people",
        "People and access",
        subtitle,
        _search(view.search),
        card("People", words, found, foot=_pager(view)),
        html.Div([_add(view), _change(view)], className=hb("grid mt-4")),
    )


def _search(words: str) -> Component:
    return html.Form(
        [
            html.Label("Search people", htmlFor="people-search", className="visually-hidden"),
            dcc.Input(
                id="people-search",
                name="q",
                type="text",
                value=words,
                placeholder="Name or address",
                autoComplete="off",
                className=hb("inp"),
            ),
            html.Button("Search", type="submit", className=hb("btn")),
        ],
        action="/admin/people",
        method="GET",
        className=hb("row gap-3"),
        role="search",
    )


def _person_row(person: PersonWithAccess, timezone: str) -> list[Child]:
    name = html.Span(
        present(
            html.B(person.name),
            html.Span(person.email, className=hb("sub")),
            html.Span("Demonstration account", className=hb("sub")) if person.is_demo else None,
        ),
        className=hb("stacked"),
    )
    roles: Child = html.Span([html.Span(role) for role in person.roles], className=hb("stacked"))
    seen = at_instant(person.seen_at, timezone) if person.seen_at else "No open session"
    if not person.is_active:
        return [name, html.Span("Deactivated", className=with_icon("sub", "lock")), seen, "0", None]
    deed = None if person.is_self else _deactivate(person)
    return [name, roles if person.roles else "No role", seen, number(person.tokens), deed]


def _deactivate(person: PersonWithAccess) -> Component:
    return send_button(
        f"/admin/people/{person.user_id}/deactivate",
        "Deactivate",
        f"Deactivate {person.name}",
        confirm=f"Deactivate {person.name}? Sessions and tokens end at once, and nothing is sent to them any more.",
    )


def _access_fields(view: PeopleView) -> list[Field]:
    return [
        Field("role", "Role", options=options_of(view.roles), value="hiring_manager"),
        Field("department", "Department", options=options_of(view.departments), help="With everything below it."),
        Field("region", "Region", options=options_of(view.regions)),
    ]


def _add(view: PeopleView) -> Component:
    fields = [Field("name", "Name", longest=120), Field("email", "E-mail", kind="email"), *_access_fields(view)]
    words = "The first password is shown once, to be handed over; it is not kept in readable form."
    return card("Add a person", words, form("/admin/people/new", "add", fields, "Add"), width=6)


def _change(view: PeopleView) -> Component:
    people = tuple(
        (str(person.user_id), f"{person.name}, {person.email}")
        for person in view.people
        if person.is_active and not person.is_self
    )
    if not people:
        return card("Change a role", "", html.P("Nobody on this page can be changed.", className=hb("sub")), width=6)
    fields = [Field("person", "Person", options=people, value=people[0][0]), *_access_fields(view)]
    confirm = "Replace all roles of this person? Open sessions end."
    words = "In place of all roles held. Open sessions end, so that the change holds at once."
    body = form("/admin/people/role", "change", fields, "Change the role", confirm=confirm)
    return card("Change a role", words, body, width=6)


def _pager(view: PeopleView) -> list[Child]:
    if view.pages == 1:
        return []
    links: list[Child] = [
        dcc.Link(words, href=f"/admin/people?page={page}")
        for words, page in (("Previous", view.page - 1), ("Next", view.page + 1))
        if 1 <= page <= view.pages
    ]
    return [html.Span(f"Page {view.page} of {view.pages}"), *links]


# --- calendars -----------------------------------------------------------------------------------------------------


def calendars_page(view: CalendarsView, today: date) -> Component:
    rows: list[list[Child]] = [
        [
            html.Span([html.B(office.name), html.Span(office.place, className=hb("sub"))], className=hb("stacked")),
            office.hours,
            office.timezone,
            html.Span(
                [html.Span(f"{on_date(on)}, {name}") for on, name in office.next_days] or "None known",
                className=hb("stacked"),
            ),
        ]
        for office in view.offices
    ]
    heads = ("Office", "Working hours", "Zone", "Next days off")
    offices: Child = plain_table("Offices", heads, rows) if rows else html.P("No office is loaded yet.")
    return page_of(
        "calendars",
        "Calendars",
        "Working time of the offices: clocks in business days and hours follow it",
        card("Offices", "Hours, zone and public holidays come with the offices' data.", offices),
        html.Div([_company_days(view, today), _add_day(view)], className=hb("grid mt-4")),
    )


def _company_days(view: CalendarsView, today: date) -> Component:
    caption = "Beyond public holidays. A change holds from the next batch on, for past days too."
    if not view.days:
        return card("Company days off", caption, html.P("None. Add one beside.", className=hb("sub")), width=6)
    rows: list[list[Child]] = [
        [
            on_date(day.on),
            day.name,
            day.office or "Every office",
            send_button(
                f"/admin/calendars/{day.id}/remove",
                "Remove",
                f"Remove {day.name}, {on_date(day.on)}",
                confirm=f"Remove {day.name} on {on_date(day.on)}? Figures in working time are counted anew"
                + (", those of the past too." if day.on < today else "."),
            ),
        ]
        for day in view.days
    ]
    return card(
        "Company days off", caption, plain_table("Company days off", ("Day", "Name", "Office", ""), rows), width=6
    )


def _add_day(view: CalendarsView) -> Component:
    fields = [
        Field("on", "Day", kind="date"),
        Field("name", "Name", longest=80),
        Field("office", "Office", options=options_of(view.choices)),
    ]
    return card("Add a day off", "", form("/admin/calendars/new", "day", fields, "Add"), width=6)


# --- works agreements ----------------------------------------------------------------------------------------------


def agreements_page(view: AgreementsView, timezone: str) -> Component:
    rows = [_agreement_row(one, timezone) for one in view.agreements]
    if rows:
        heads = ("Place", "State", "Purpose", "Figures of people kept", "Last change")
        listed: Component = card("Agreements", "", plain_table("Agreements", heads, rows))
    else:
        listed = empty_card("shield", "No works agreement", "No place has one. Figures follow roles and scope alone.")
    log = [[at_instant(at, timezone), who, what, about] for at, who, what, about in view.log]
    return page_of(
        "agreements",
        "Works agreements",
        "Where one is in force, no figure of a single person and none of a team under five is made",
        listed,
        _set_agreement() if view.can_change else None,
        card(
            "Who did what",
            "The newest events of the audit log, without their content.",
            plain_table("Audit log", ("When", "Who", "What", "About"), log),
        ),
    )


def _agreement_row(one: AgreementInWords, timezone: str) -> list[Child]:
    state = html.Span("In force", className=with_icon("sub", "shield")) if one.is_in_force else "Ended"
    return [
        one.place,
        state,
        one.purpose,
        f"{number(one.keep_person_days)} days",
        f"Version {one.version}, {one.changed_by}, {at_instant(one.changed_at, timezone)}",
    ]


def _set_agreement() -> Component:
    fields = [
        Field("kind", "For", options=(("country", "A country"), ("office", "One office")), value="country"),
        Field("place", "Country code or office name", longest=120),
        Field("purpose", "What figures of this place are used for", lines=3, longest=1_000),
        Field("days", "Days figures of people are kept", kind="number", value="90"),
        Field("in_force", "In force", kind="checkbox", value="yes"),
    ]
    confirm = "Change this agreement? Every viewer's figures of this place change within seconds."
    body = form("/admin/agreements/set", "agreement", fields, "Set the agreement", confirm=confirm)
    return card("Set an agreement", "A new version; earlier ones stay in the log.", body)
