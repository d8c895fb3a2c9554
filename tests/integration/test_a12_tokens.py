"""A12, A13: tokens of programs are kept as hashes, end with their owner, and never reach further than the owner."""

# ruff: noqa: F811  # a test that asks for an imported fixture by name does not redefine it

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select, text, update

from services.accounts.directory import Accounts
from services.accounts.grants import RoleGiven
from services.accounts.tokens import PER_MINUTE, PER_USER, Caller, RateLimitedError, Tokens, TokenScope
from services.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, NotSignedInError
from services.domain.people import ColumnClass, Role
from services.store.database import Store
from services.store.tables import ApiToken, UserAccount
from tests.account_scenes import Clock, actions, clock, on_both, people, store  # noqa: F401  # fixtures
from tests.people import People, email_of

READ = [TokenScope.METRICS_READ]


@pytest.fixture
def tokens(store: Store, people: People, clock: Clock) -> Tokens:
    return Tokens(store, people.accounts.caller, people.audit, clock)


def make(tokens: Tokens, name: str = "eva", **options: int) -> str:
    return tokens.create(email_of(name), "workforce planning", READ, actor="ada", **options)[0]


def everything_stored(store: Store) -> str:
    """Every row of every table as text."""
    with store.read() as connection:
        if store.dialect == "sqlite":
            raw = connection.connection.driver_connection
            assert raw is not None
            return "\n".join(raw.iterdump())
        names = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        return "\n".join(str(connection.execute(text(f'SELECT t::text FROM "{name}" t')).all()) for name in names)


@on_both
def test_a12_a_token_is_shown_once_and_found_in_no_dump(tokens: Tokens, store: Store) -> None:
    token, record = tokens.create(email_of("eva"), "workforce planning", READ, actor="ada")
    assert tokens.admit(token).viewer.email == email_of("eva")
    assert token.startswith(f"{record.prefix}_")
    dump = everything_stored(store)
    assert record.prefix in dump
    secret = token.removeprefix(f"{record.prefix}_")
    for piece in (secret[:16], secret[-16:]):
        assert piece not in dump
        assert piece.encode().hex() not in dump.lower()
    assert token not in str(tokens.listed())
    with store.read() as connection:
        assert len(bytes(connection.scalar(select(ApiToken.token_hash)))) == 32  # type: ignore[arg-type]


@on_both
def test_a12_a_revoked_token_is_refused_at_once_by_every_instance(
    tokens: Tokens, store: Store, people: People, clock: Clock
) -> None:
    token = make(tokens)
    other = Tokens(store, people.accounts.caller, people.audit, clock)
    assert other.admit(token).viewer.user_id == people.ids["eva"]
    (record,) = tokens.listed()
    assert tokens.revoke(record.prefix, actor="ada").state == "revoked"
    tokens.revoke(record.prefix, actor="ada")
    for instance in (tokens, other):
        with pytest.raises(NotSignedInError, match="was revoked"):
            instance.admit(token)
    assert actions(store).count("token.revoked") == 1


@on_both
def test_a13_a_deactivated_owner_has_no_token(tokens: Tokens, store: Store, people: People) -> None:
    token, others = make(tokens), make(tokens, "rita")
    people.accounts.deactivate(people.ids["eva"])
    with pytest.raises(NotSignedInError):
        tokens.admit(token)
    assert tokens.listed(email_of("eva"))[0].state == "revoked"
    assert tokens.admit(others).viewer.email == email_of("rita")
    with pytest.raises(NotFoundError, match="no active user"):
        make(tokens)


def test_a13_an_owner_who_went_inactive_past_the_directory_is_refused_too(
    tokens: Tokens, store: Store, people: People
) -> None:
    """Revocation is one lock, looking at the owner with each request another."""
    token = make(tokens)
    with store.write() as connection:
        connection.execute(update(UserAccount).where(UserAccount.id == people.ids["eva"]).values(is_active=False))
    with pytest.raises(NotSignedInError, match="may not sign in any more"):
        tokens.admit(token)


def test_a_token_of_a_demonstration_account_is_refused_in_production(
    tokens: Tokens, store: Store, people: People, clock: Clock
) -> None:
    people.accounts.create_user("demo@northwind.example", "Demo", [Role.ADMIN], is_demo=True)
    token, _ = tokens.create("demo@northwind.example", "x", READ, actor="ada")
    with pytest.raises(NotSignedInError):
        tokens.admit(token)
    embedded = Accounts(store, people.policy, people.audit, clock, demo_accounts=True)
    assert Tokens(store, embedded.caller, people.audit, clock).admit(token).viewer.roles == {Role.ADMIN}


def test_a_token_acts_with_the_rights_its_owner_has_now(tokens: Tokens, people: People) -> None:
    token = make(tokens, "hana")
    before = tokens.admit(token).viewer
    assert before == people.viewer("hana")
    people.accounts.replace_roles(people.ids["hana"], [RoleGiven(Role.COMPLIANCE)])
    after = tokens.admit(token).viewer
    assert after == people.viewer("hana")
    assert after.roles == frozenset({Role.COMPLIANCE})
    assert ColumnClass.COMPENSATION in before.classes
    assert ColumnClass.COMPENSATION not in after.classes
    people.accounts.replace_roles(people.ids["hana"], [])
    assert tokens.admit(token).viewer.roles == frozenset()


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "x", lambda t: t.upper(), lambda t: t[:11]])
def test_a_piece_of_a_token_is_no_token(tokens: Tokens, change: object) -> None:
    token = make(tokens)
    with pytest.raises(NotSignedInError, match="is not known"):
        tokens.admit(change(token))  # type: ignore[operator]


@pytest.mark.parametrize("token", ["", "hb_", "x" * 10_000, "hb_\x00", "hb_\ud800", "hb_" + "é" * 50, "' OR 1=1 --"])
def test_anything_may_be_sent_as_a_token(tokens: Tokens, token: str) -> None:
    with pytest.raises(NotSignedInError, match="is not known"):
        tokens.admit(token)


@on_both
def test_a_token_expires(tokens: Tokens, clock: Clock) -> None:
    token = make(tokens, days=2)
    clock.forward(days=2, seconds=-1)
    tokens.admit(token)
    clock.forward(seconds=1)
    with pytest.raises(NotSignedInError, match="has expired"):
        tokens.admit(token)
    assert tokens.listed()[0].state == "expired"


@on_both
def test_a_token_asks_so_often_a_minute_and_no_more(tokens: Tokens, store: Store, people: People, clock: Clock) -> None:
    """Two processes count together, and one token's flood is not another's."""
    token, others = make(tokens), make(tokens)
    second = Tokens(store, people.accounts.caller, people.audit, clock)
    clock.forward(seconds=20)
    for number in range(PER_MINUTE):
        (tokens, second)[number % 2].admit(token)
    for instance in (tokens, second):
        with pytest.raises(RateLimitedError) as refused:
            instance.admit(token)
        assert refused.value.retry_after_s == 40
    tokens.admit(others)
    clock.forward(seconds=40)
    second.admit(token)


@on_both
def test_requests_at_the_same_moment_are_all_counted(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.accounts.tokens.PER_MINUTE", 5)
    token = make(tokens)
    barrier, results = threading.Barrier(12), list[str]()

    def ask() -> None:
        barrier.wait()
        try:
            tokens.admit(token)
            results.append("yes")
        except RateLimitedError:
            results.append("no")

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (results.count("yes"), results.count("no")) == (5, 7)


def test_a12_a_scope_below_the_owners_rights_is_enforced(people: People) -> None:
    narrow = Caller(people.viewer("ada"), "hb_1", frozenset({TokenScope.DEFINITIONS_READ}))
    narrow.require(TokenScope.DEFINITIONS_READ)
    with pytest.raises(ForbiddenError, match="metrics:read"):
        narrow.require(TokenScope.METRICS_READ)
    wide = Caller(people.viewer("ada"), "hb_1", frozenset({TokenScope.METRICS_READ}))
    wide.require(TokenScope.DEFINITIONS_READ)
    with pytest.raises(ForbiddenError):
        Caller(people.viewer("ada"), "hb_1", frozenset()).require(TokenScope.DEFINITIONS_READ)


def test_a_scope_of_another_version_grants_nothing(tokens: Tokens, store: Store) -> None:
    token = make(tokens)
    with store.write() as connection:
        connection.execute(update(ApiToken).values(scopes="everything:write"))
    assert tokens.admit(token).scopes == frozenset()


def test_what_a_token_may_be_made_of(tokens: Tokens, store: Store) -> None:
    eva = email_of("eva")
    for name, scopes, days in (
        ("", READ, 1),
        ("x" * 81, READ, 1),
        ("a\nb", READ, 1),
        ("x", [], 1),
        ("x", READ, 0),
        ("x", READ, 367),
    ):
        with pytest.raises(InvalidInputError):
            tokens.create(eva, name, scopes, days=days, actor="ada")
    with pytest.raises(NotFoundError):
        tokens.create("nobody@northwind.example", "x", READ, actor="ada")
    with pytest.raises(NotFoundError):
        tokens.revoke("hb_00000000", actor="ada")
    for _ in range(PER_USER):
        make(tokens)
    with pytest.raises(ConflictError, match="Revoke one"):
        make(tokens)
    assert actions(store).count("token.created") == PER_USER
    assert len(tokens.listed()) == PER_USER
    assert tokens.listed("rita@northwind.example") == ()
