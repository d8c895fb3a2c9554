"""6: `hireboard user`, `authz dump` and `audit verify` as an operator types them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dashapp.cli import hireboard
from dashapp.commands.migrate import run as migrate
from dashapp.config import load_settings
from services.domain.errors import ConflictError, HireboardError, InvalidInputError, NotFoundError
from services.store.append_only import audit_ddl_undo
from services.store.database import Store
from services.store.tables.access import UserAccount

PASSWORD = "correct horse battery staple"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HIREBOARD_DATA_DIR", str(tmp_path))
    migrate(load_settings())
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    made = Store(f"sqlite:///{folder / 'hireboard.sqlite'}")
    yield made
    made.dispose()


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(hireboard, arguments, standalone_mode=False)
    if isinstance(result.exception, HireboardError):
        raise result.exception
    assert result.exception is None, result.output
    return result


def create(email: str = "ada@northwind.example", *more: str) -> Result:
    return run("user", "create", email, "--name", "Ada", "--role", "admin", "--password", PASSWORD, *more)


@pytest.mark.usefixtures("folder")
def test_a_user_is_created_listed_and_deactivated() -> None:
    assert "User 1 (ada@northwind.example) can sign in." in create("Ada@Northwind.example").output
    listed = json.loads(run("user", "list", "--json").output)["users"]
    expected = {
        "id": 1,
        "email": "ada@northwind.example",
        "name": "Ada",
        "roles": ["admin"],
        "active": True,
        "demo": False,
    }
    assert listed == [expected]
    assert "every session has ended" in run("user", "deactivate", "ADA@northwind.example").output
    assert "ada@northwind.example  Ada  admin  (deactivated)" in run("user", "list").output


@pytest.mark.usefixtures("folder")
def test_wrong_input_is_refused_with_words() -> None:
    create()
    with pytest.raises(ConflictError):
        create()
    with pytest.raises(InvalidInputError, match="is not an e-mail address"):
        create("nobody")
    with pytest.raises(NotFoundError, match="There is no user max@"):
        run("user", "deactivate", "max@northwind.example")


def test_the_password_is_stored_hashed_and_printed_nowhere(store: Store) -> None:
    assert PASSWORD not in create().output
    with store.read() as connection:
        stored = connection.execute(UserAccount.__table__.select()).one()
    assert str(stored.password_hash).startswith("$argon2id$")


def test_the_audit_log_verifies_and_names_the_event_that_was_changed(store: Store) -> None:
    create()
    create("max@northwind.example")
    verified = json.loads(run("audit", "verify", "--json").output)
    assert (verified["ok"], verified["events"], verified["first_bad_seq"]) == (True, 2, None)
    assert verified["head"] in run("audit", "verify").output
    with store.write() as connection:
        for statement in audit_ddl_undo("sqlite"):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("UPDATE audit_event SET actor = 'nobody' WHERE seq = 2")
    broken = run("audit", "verify", "--json")
    assert broken.return_value == 1
    assert json.loads(broken.output)["first_bad_seq"] == 2
    assert "tampered with at event 2" in run("audit", "verify").output


@pytest.mark.usefixtures("folder")
def test_the_matrix_is_one_json_document() -> None:
    matrix = json.loads(run("authz", "dump").output)
    assert {row["role"] for row in matrix["matrix"]} == set(matrix["roles"])
    assert {"rule": "/_dash-layout", "methods": ["GET"], "action": "session.use"}.items() <= next(
        row for row in matrix["routes"] if row["rule"] == "/_dash-layout"
    ).items()
    assert any(page["path"] == "/" for page in matrix["pages"])
    assert matrix["callbacks"]


def test_the_page_about_access_is_the_policy_table() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "access.md").read_text(encoding="utf-8")
    assert page == run("authz", "docs").output, "docs/access.md is out of date: hireboard authz docs > docs/access.md"
