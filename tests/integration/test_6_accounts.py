"""6: sign-in, sessions and the throttle, on both stores."""

# ruff: noqa: F811  # a test that asks for an imported fixture by name does not redefine it

from __future__ import annotations

import hashlib
import threading
from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select, update

from services.accounts.directory import Accounts
from services.accounts.passwords import Passwords
from services.accounts.throttle import PER_ORIGIN, PER_USER, PER_USER_AND_ORIGIN, reserve_try
from services.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    RetryLaterError,
    TooManyAttemptsError,
)
from services.domain.people import Role
from services.store.database import Store
from services.store.tables.access import LoginAttempt, UserAccount, UserSession
from tests.account_scenes import HOME, Clock, actions, clock, on_both, people, signed_in, store, wrong  # noqa: F401  # fixtures
from tests.people import PASSWORD, QUICK_HASHER, People, email_of

# --- sign in ---------------------------------------------------------------------------------------------------------


def test_the_right_password_signs_in_whatever_the_case_of_the_address(people: People) -> None:
    viewer = people.accounts.authenticate(f"  {email_of('eva').upper()} ", PASSWORD, HOME)
    assert viewer.user_id == people.ids["eva"]
    assert viewer.roles == {Role.EXECUTIVE}


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (email_of("eva"), "not her password"),
        (email_of("eva"), ""),
        (email_of("eva"), PASSWORD + " "),
        ("nobody@northwind.example", PASSWORD),
        ("", PASSWORD),
        ("x" * 5_000, PASSWORD),
    ],
)
def test_every_refusal_reads_the_same(people: People, email: str, password: str) -> None:
    with pytest.raises(NotSignedInError, match=r"^That e-mail address and password do not match\.$"):
        people.accounts.authenticate(email, password, HOME)


def test_a_user_without_a_password_cannot_sign_in_with_the_one_of_nobody(people: People) -> None:
    people.accounts.create_user("new@northwind.example", "New Here", [Role.EXECUTIVE])
    for password in ("", "the password of nobody"):
        with pytest.raises(NotSignedInError):
            people.accounts.authenticate("new@northwind.example", password, HOME)


def test_a06_one_verification_whether_or_not_the_user_exists(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """The costly step runs exactly once in each case, so timing tells nothing."""
    counted: list[str] = []
    real = Passwords.verify

    def verify(self: Passwords, stored: str | None, password: str) -> bool:
        counted.append("verify")
        return real(self, stored, password)

    monkeypatch.setattr(Passwords, "verify", verify)
    people.accounts.create_user("new@northwind.example", "New Here", [])
    for email in (email_of("eva"), "nobody@northwind.example", "new@northwind.example"):
        counted.clear()
        with pytest.raises(NotSignedInError):
            people.accounts.authenticate(email, "wrong password", HOME)
        assert counted == ["verify"]


def test_the_dummy_hash_costs_what_a_real_one_costs() -> None:
    passwords = Passwords(QUICK_HASHER)
    assert passwords._nobody.split("$")[3] == passwords.hash("x").split("$")[3]
    assert not passwords.verify(None, "the password of nobody")
    assert not passwords.verify("not a hash", "x")


def test_passwords_are_kept_as_argon2id_and_strengthened_at_sign_in(store: Store, people: People) -> None:
    stronger = PasswordHasher(time_cost=2, memory_cost=64, parallelism=1)
    accounts = Accounts(store, people.policy, people.audit, hasher=stronger)
    accounts.authenticate(email_of("eva"), PASSWORD, HOME)
    with store.read() as connection:
        stored = connection.scalar(select(UserAccount.password_hash).where(UserAccount.id == people.ids["eva"]))
    assert stored is not None
    assert stored.startswith("$argon2id$")
    assert not stronger.check_needs_rehash(stored)
    assert PASSWORD not in stored


@pytest.mark.parametrize(
    ("password", "words"),
    [("short", "has 5 characters; it needs 12 to 256"), ("x" * 257, "257"), ("northwind@lake.example", "address")],
)
def test_a_password_must_be_acceptable(people: People, password: str, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        people.accounts.create_user("northwind@lake.example", "N", [], password=password)


@pytest.mark.parametrize("email", ["", "nobody", "@host", "name@", "a b@host", "x" * 250 + "@host.example"])
def test_an_address_must_look_like_one(people: People, email: str) -> None:
    with pytest.raises(InvalidInputError, match=r"is not an e-mail address"):
        people.accounts.create_user(email, "N", [])


def test_two_users_cannot_share_an_address(people: People) -> None:
    with pytest.raises(ConflictError, match=r"eva@northwind\.example"):
        people.accounts.create_user("EVA@northwind.example", "Another Eva", [])


def test_demonstration_accounts_are_refused_unless_allowed(store: Store, people: People, clock: Clock) -> None:
    demo = {"email": "eva@demo.example", "name": "Demo Eva", "roles": [Role.EXECUTIVE], "is_demo": True}
    user_id = people.accounts.create_user(**demo, password=PASSWORD)  # type: ignore[arg-type]
    embedded = Accounts(store, people.policy, people.audit, clock, demo_accounts=True, hasher=QUICK_HASHER)
    with pytest.raises(NotSignedInError):
        people.accounts.authenticate("eva@demo.example", PASSWORD, HOME)
    with pytest.raises(NotSignedInError):
        people.accounts.open_session(user_id)
    assert embedded.authenticate("eva@demo.example", PASSWORD, HOME).user_id == user_id
    token = embedded.open_session(user_id)
    assert embedded.resolve_session(token) is not None
    assert people.accounts.resolve_session(token) is None


# --- throttle ---


@on_both
def test_a05_ten_tries_in_fifteen_minutes(people: People, clock: Clock) -> None:
    for _ in range(PER_USER_AND_ORIGIN):
        assert wrong(people, email_of("eva")) is NotSignedInError
    with pytest.raises(TooManyAttemptsError, match="Wait 15 minutes"):
        people.accounts.authenticate(email_of("eva"), PASSWORD, HOME)
    clock.forward(minutes=16)
    assert people.accounts.authenticate(email_of("eva"), PASSWORD, HOME).user_id == people.ids["eva"]


def test_a05_the_person_signs_in_from_another_place_meanwhile(people: People) -> None:
    for _ in range(PER_USER_AND_ORIGIN + 5):
        wrong(people, email_of("eva"))
    assert people.accounts.authenticate(email_of("eva"), PASSWORD, "198.51.100.1").user_id == people.ids["eva"]


def test_a05_one_password_on_many_users_from_one_place(people: People) -> None:
    """Unknown users count like known ones."""
    answers = [wrong(people, f"user{index}@northwind.example") for index in range(PER_ORIGIN + 5)]
    assert answers == [NotSignedInError] * PER_ORIGIN + [TooManyAttemptsError] * 5
    assert wrong(people, email_of("eva")) is TooManyAttemptsError
    assert wrong(people, email_of("eva"), "198.51.100.1") is NotSignedInError


def test_one_user_from_many_places_does_not_lock_out_a_known_place(people: People) -> None:
    people.accounts.authenticate(email_of("eva"), PASSWORD, HOME)
    answers = [wrong(people, email_of("eva"), f"198.51.100.{index}") for index in range(PER_USER + 3)]
    assert answers == [NotSignedInError] * PER_USER + [TooManyAttemptsError] * 3
    assert people.accounts.authenticate(email_of("eva"), PASSWORD, HOME).user_id == people.ids["eva"]


def test_success_does_not_count_as_a_failed_try(people: People) -> None:
    for _ in range(PER_USER_AND_ORIGIN * 2):
        people.accounts.authenticate(email_of("eva"), PASSWORD, HOME)


@on_both
def test_a05_parallel_tries_cannot_outrun_the_limit(store: Store, clock: Clock) -> None:
    """A try is counted before the password is looked at, one at a time per user: also over several instances."""
    admitted: list[int] = []
    gate = threading.Barrier(4)

    def hammer() -> None:
        gate.wait()
        for _ in range(8):
            try:
                with store.write() as connection:
                    admitted.append(reserve_try(connection, "eva@northwind.example", HOME, clock.now))
            except TooManyAttemptsError:
                continue

    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admitted) == PER_USER_AND_ORIGIN


def test_old_tries_are_forgotten(store: Store, people: People, clock: Clock) -> None:
    wrong(people, email_of("eva"))
    clock.forward(days=31)
    wrong(people, email_of("max"))
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(LoginAttempt)) == 1


# --- sessions ---


def test_the_table_holds_the_hash_of_the_token_only(store: Store, people: People) -> None:
    token = signed_in(people, data={"csrf_token": "abc"}, user_agent="x" * 1000)
    with store.read() as connection:
        row = connection.execute(select(UserSession.__table__)).one()
    assert bytes(row.token_hash) == hashlib.sha256(token.encode()).digest()
    assert token not in str(row)
    assert len(row.user_agent) == 300
    assert len(token) >= 43


@on_both
def test_a_session_resolves_to_its_viewer_and_data(people: People) -> None:
    found = people.accounts.signed_in(signed_in(people, "hana", data={"csrf_token": "abc"}))
    assert found is not None
    assert found.viewer == people.viewer("hana")
    assert found.data == {"csrf_token": "abc"}


@pytest.mark.parametrize("token", ["", "x", "é" * 300, "\x00", "x" * 100_000, "\udcff"])
def test_other_tokens_resolve_to_nobody(people: People, token: str) -> None:
    signed_in(people)
    assert people.accounts.resolve_session(token) is None


def test_a03_a_session_ends_after_thirty_idle_minutes(people: People, clock: Clock) -> None:
    token = signed_in(people)
    clock.forward(minutes=29)
    assert people.accounts.resolve_session(token) is not None
    clock.forward(minutes=29)
    assert people.accounts.resolve_session(token) is not None
    clock.forward(minutes=31)
    assert people.accounts.resolve_session(token) is None


def test_a03_a_session_ends_after_eight_hours_of_use(people: People, clock: Clock) -> None:
    token = signed_in(people)
    for _ in range(23):
        clock.forward(minutes=20)
        assert people.accounts.resolve_session(token) is not None
    clock.forward(minutes=21)
    assert people.accounts.resolve_session(token) is None


def test_the_version_poll_does_not_keep_a_session_alive(people: People, clock: Clock) -> None:
    token = signed_in(people)
    for _ in range(29):
        clock.forward(minutes=1)
        assert people.accounts.resolve_session(token, touch=False) is not None
    clock.forward(minutes=1)
    assert people.accounts.resolve_session(token, touch=False) is None


@on_both
def test_use_is_written_at_most_once_a_minute(store: Store, people: People, clock: Clock) -> None:
    token = signed_in(people)
    started = clock.now

    def seen_at() -> datetime:
        with store.read() as connection:
            return connection.execute(select(UserSession.seen_at)).scalar_one()

    clock.forward(seconds=59)
    people.accounts.resolve_session(token)
    assert seen_at() == started
    clock.forward(seconds=1)
    people.accounts.resolve_session(token)
    assert seen_at() == started + timedelta(minutes=1)


def test_a_store_that_cannot_be_written_turns_no_reader_away(
    store: Store, people: People, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = signed_in(people)
    clock.forward(minutes=5)

    def locked() -> None:
        raise RetryLaterError("The database is busy or away.")

    monkeypatch.setattr(store, "write", locked)
    assert people.accounts.resolve_session(token) is not None


@on_both
def test_a_new_session_replaces_the_browsers_old_one_and_clears_ended_ones(
    store: Store, people: People, clock: Clock
) -> None:
    old = signed_in(people)
    forgotten = signed_in(people, "max")
    clock.forward(minutes=10)
    people.accounts.resolve_session(old)
    clock.forward(minutes=25)
    new = signed_in(people, replaces=old)
    assert people.accounts.resolve_session(old) is None
    assert people.accounts.resolve_session(forgotten) is None
    assert people.accounts.resolve_session(new) is not None
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(UserSession)) == 1


def test_a01_signing_out_ends_the_session_and_only_it(people: People) -> None:
    here, there = signed_in(people), signed_in(people)
    people.accounts.close_session(here)
    people.accounts.close_session("unknown")
    assert people.accounts.resolve_session(here) is None
    assert people.accounts.resolve_session(there) is not None


@on_both
def test_p5_deactivation_ends_every_session_at_once(store: Store, people: People) -> None:
    """Another instance has nothing in memory that would let the user on."""
    first, second = signed_in(people), signed_in(people)
    other_instance = Accounts(store, people.policy, people.audit, people.accounts._clock, hasher=QUICK_HASHER)
    assert other_instance.resolve_session(first) is not None
    people.accounts.deactivate(people.ids["eva"], actor="ada@northwind.example")
    for accounts in (people.accounts, other_instance):
        assert accounts.resolve_session(first) is None
        assert accounts.resolve_session(second) is None
    with pytest.raises(NotSignedInError):
        people.accounts.authenticate(email_of("eva"), PASSWORD, HOME)
    with pytest.raises(NotSignedInError):
        people.accounts.open_session(people.ids["eva"])
    with pytest.raises(NotFoundError):
        people.accounts.viewer_for(people.ids["eva"])


def test_an_inactive_user_has_no_session_even_if_a_row_is_left(store: Store, people: People) -> None:
    token = signed_in(people)
    with store.write() as connection:
        connection.execute(update(UserAccount).where(UserAccount.id == people.ids["eva"]).values(is_active=False))
    assert people.accounts.resolve_session(token) is None


def test_deactivating_twice_is_one_event(store: Store, people: People) -> None:
    people.accounts.deactivate(people.ids["eva"])
    people.accounts.deactivate(people.ids["eva"])
    assert actions(store).count("user.deactivated") == 1


@pytest.mark.parametrize("change", ["password", "roles"])
def test_a14_a_new_password_or_role_ends_the_users_sessions(people: People, change: str) -> None:
    hers, his = signed_in(people), signed_in(people, "max")
    if change == "password":
        people.accounts.set_password(people.ids["eva"], "another horse battery staple")
        people.accounts.authenticate(email_of("eva"), "another horse battery staple", HOME)
    else:
        people.accounts.replace_roles(people.ids["eva"], [Role.COMPLIANCE])
        assert people.viewer("eva").roles == {Role.COMPLIANCE}
    assert people.accounts.resolve_session(hers) is None
    assert people.accounts.resolve_session(his) is not None
