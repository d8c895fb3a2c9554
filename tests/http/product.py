"""The product as it is shipped: all its pages, the demonstration company, one signed-in browser per role."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from callbacks.registry import GuardedDash
from dashapp.commands import demo, mart
from dashapp.config import load_settings
from dashapp.factory import create_server
from services.container import Services
from services.domain.people import Role
from services.ingest.demonstration.accounts import logins
from tests.http.site import Visitor
from tests.people import PASSWORD

APPLICATIONS = 600
UNTIL = datetime(2026, 11, 24)  # noqa: DTZ001 - a date, as the command line gives it
OTTO = "otto@northwind.example"


class Product:
    def __init__(self, folder: Path) -> None:
        self.settings = load_settings({}, data_dir=folder, base_url="http://localhost:8050")
        demo._load(self.settings, APPLICATIONS, 1, UNTIL)
        mart.build(self.settings)
        self.server = create_server(self.settings)
        self.services: Services = self.server.extensions["hireboard.services"]
        self.passwords = {login.email: login.password for login in logins(self.settings.signing_key())}
        self.emails = {self._role_of(login.role): login.email for login in logins(self.settings.signing_key())}
        self.services.accounts.create_user(OTTO, "Otto Outsider", [], password=PASSWORD)
        self.passwords[OTTO] = PASSWORD
        self._visitors: dict[str, Visitor] = {}

    @staticmethod
    def _role_of(word: str) -> Role:
        return Role(word.replace(" ", "_"))

    @property
    def app(self) -> GuardedDash:
        app = self.server.extensions["hireboard"].app
        assert isinstance(app, GuardedDash)
        return app

    def visitor(self) -> Visitor:
        return Visitor(self.server.test_client(), self.settings.base_url)

    def visit(self, role: Role | None) -> Visitor:
        """A browser signed in as the role's person; None = Otto, who has no role. Signs in once."""
        email = OTTO if role is None else self.emails[role]
        if email not in self._visitors:
            visitor = self.visitor()
            assert visitor.sign_in(email, self.passwords[email]).status_code == 303
            self._visitors[email] = visitor
        return self._visitors[email]
