"""1, bad input: a wrong setting stops the start with the variable's name and what it accepts."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dashapp import config
from dashapp.config import Settings, load_settings
from services.domain.errors import ConfigurationError

GOOD_KEY = "q7Zp0vT3xL9dWm2KcR8sYb5NfHgJ4uE6aQ1o"
PRODUCTION = {
    "HIREBOARD_MODE": "production",
    "HIREBOARD_SECRET_KEY": GOOD_KEY,
    "HIREBOARD_BASE_URL": "https://hiring.example.com",
    "HIREBOARD_DATABASE_URL": "postgresql://hb:pw@db.example.com/hireboard",
    "HIREBOARD_HOST": "0.0.0.0",  # noqa: S104  # production may bind everything
}


@pytest.fixture(autouse=True)
def _no_dotenv(monkeypatch, tmp_path):
    """Settings as in an empty checkout."""
    monkeypatch.setattr(config, "CHECKOUT", tmp_path)
    (tmp_path / "pyproject.toml").touch()


def test_nothing_needs_to_be_configured(tmp_path):
    settings = load_settings({})
    assert settings.data_dir == tmp_path / "var"
    assert settings.database_url == f"sqlite:///{tmp_path}/var/hireboard.sqlite"
    assert settings.mart_dir == tmp_path / "var" / "mart"
    assert (settings.mode, settings.host, settings.base_url) == ("embedded", "127.0.0.1", "http://127.0.0.1:8050")


@pytest.mark.parametrize(
    ("variable", "value", "accepts"),
    [
        ("HIREBOARD_MODE", "prod", "embedded or production"),
        ("HIREBOARD_DATA_DIR", "/dev/null/var", "a folder that can be made and written"),
        ("HIREBOARD_DATABASE_URL", "mysql://root@localhost/hr", "postgresql://"),
        ("HIREBOARD_DATABASE_URL", "sqlite://", "sqlite:///FILE"),
        ("HIREBOARD_DATABASE_URL", "hireboard.sqlite", "sqlite:///FILE"),
        ("HIREBOARD_MART_URL", "duckdb:///relative", "absolute path"),
        ("HIREBOARD_MART_URL", "mysql://localhost/mart", "duckdb:///FOLDER"),
        ("HIREBOARD_MART_URL", "postgresql://localhost", "postgresql://USER"),
        ("HIREBOARD_MART_URL", "clickhouse://localhost/mart", "clickhouse://USER"),
        ("HIREBOARD_REDIS_URL", "localhost:6379", "redis://"),
        ("HIREBOARD_REDIS_URL", "redis://localhost:port/0", "redis://"),
        ("HIREBOARD_SMTP_URL", "mail.example.com", "smtp://"),
        ("HIREBOARD_SMTP_URL", "smtp://", "smtp://"),
        ("HIREBOARD_MAIL_FROM", "Hireboard", "an address"),
        ("HIREBOARD_MAIL_FROM", "a@example.com\nBcc: eve@example.com", "an address"),
        ("HIREBOARD_BASE_URL", "localhost", "https://HOST"),
        ("HIREBOARD_BASE_URL", "http://127.0.0.1/?next=x", "https://HOST"),
        ("HIREBOARD_TIMEZONE", "Berlin", "Europe/Berlin"),
        ("HIREBOARD_TIMEZONE", "../etc/passwd", "Europe/Berlin"),
        ("HIREBOARD_WORKERS", "0", "from 1 to 64"),
        ("HIREBOARD_WORKERS", "many", "from 1 to 64"),
        ("HIREBOARD_PORT", "70000", "from 1 to 65535"),
        ("HIREBOARD_PORT", "http", "from 1 to 65535"),
        ("HIREBOARD_HOST", "0.0.0.0", "loopback"),  # noqa: S104  # this is what is refused
        ("HIREBOARD_BASE_URL", "http://hiring.example.com", "loopback"),
        ("HIREBOARD_FAILPOINTS", "render", "NAME=ACTION"),
        ("HIREBOARD_FAILPOINTS", "after-render=explode", "crash, raise, sleep or enospc"),
        ("HIREBOARD_BROWSER", "/no/such/browser", "Chromium"),
        ("HIREBOARD_PROT", "8050", "did you mean HIREBOARD_PORT?"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_accepts(variable, value, accepts):
    with pytest.raises(ConfigurationError) as refused:
        load_settings({variable: value})
    assert variable in str(refused.value)
    assert accepts in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("variable", ["HIREBOARD_DATABASE_URL", "HIREBOARD_REDIS_URL", "HIREBOARD_SMTP_URL"])
def test_a_password_in_a_wrong_address_is_not_repeated(variable):
    with pytest.raises(ConfigurationError) as refused:
        load_settings({variable: "ftp://ada:hunter2@files.example.com"})
    assert "hunter2" not in str(refused.value)


def test_secrets_stay_out_of_the_printed_settings():
    settings = load_settings(PRODUCTION | {"HIREBOARD_SMTP_URL": "smtp://ada:hunter2@mail.example.com"})
    assert GOOD_KEY not in repr(settings)
    assert "hunter2" not in repr(settings)
    assert "hb:pw" not in repr(settings)


def test_production_starts_when_everything_is_named():
    settings = load_settings(PRODUCTION)
    assert settings.is_production
    assert settings.is_https
    assert settings.signing_key() == GOOD_KEY


@pytest.mark.parametrize(
    "key",
    ["", "changeme", "x1Y2z3W4", "a" * 64, "thisISaSECRET_1234-and-long-enough-to-pass", "\x02\x01thisismyscretkey"],
)
def test_production_refuses_a_key_that_can_be_guessed(key):
    """A04: unset, empty, known from documentation, short or repeated."""
    with pytest.raises(ConfigurationError, match=r"HIREBOARD_SECRET_KEY .* 32 or more random characters"):
        load_settings(PRODUCTION | {"HIREBOARD_SECRET_KEY": key})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HIREBOARD_BASE_URL", "http://hiring.example.com"),
        ("HIREBOARD_BASE_URL", ""),
        ("HIREBOARD_DATABASE_URL", ""),
        ("HIREBOARD_FAILPOINTS", "after-render=crash"),
    ],
)
def test_production_refuses_what_is_only_safe_on_one_laptop(variable, value):
    with pytest.raises(ConfigurationError, match=f"{variable} .* in production it accepts"):
        load_settings(PRODUCTION | {variable: value})


def test_sqlite_in_production_must_be_said():
    url = "sqlite:////srv/hireboard.sqlite"
    assert load_settings(PRODUCTION | {"HIREBOARD_DATABASE_URL": url}).database_url == url


def test_a_secret_can_come_from_a_file(tmp_path):
    file = tmp_path / "smtp"
    file.write_text("smtp://ada:hunter2@mail.example.com:587\n")
    assert load_settings({"HIREBOARD_SMTP_URL_FILE": str(file)}).smtp_url == "smtp://ada:hunter2@mail.example.com:587"


@pytest.mark.parametrize("secret", Settings.SECRETS)
def test_a_secret_file_that_cannot_be_read_is_named(secret, tmp_path):
    variable = f"HIREBOARD_{secret.upper()}_FILE"
    with pytest.raises(ConfigurationError, match=variable):
        load_settings({variable: str(tmp_path / "missing")})


def test_an_empty_secret_file_is_refused(tmp_path):
    (tmp_path / "key").touch()
    with pytest.raises(ConfigurationError, match=r"HIREBOARD_SECRET_KEY_FILE names .* which is empty"):
        load_settings({"HIREBOARD_SECRET_KEY_FILE": str(tmp_path / "key")})


def test_a_secret_given_twice_is_refused(tmp_path):
    (tmp_path / "key").write_text(GOOD_KEY)
    given = {"HIREBOARD_SECRET_KEY": GOOD_KEY, "HIREBOARD_SECRET_KEY_FILE": str(tmp_path / "key")}
    with pytest.raises(ConfigurationError, match="both set"):
        load_settings(given)


def test_a_dotenv_file_is_read_and_the_environment_wins(tmp_path):
    (tmp_path / ".env").write_text("HIREBOARD_PORT=9001\nHIREBOARD_WORKERS=3\n")
    settings = load_settings({"HIREBOARD_PORT": "9002"})
    assert (settings.port, settings.workers) == (9002, 3)


def test_the_command_line_wins_over_the_environment():
    assert load_settings({"HIREBOARD_PORT": "9002"}, port=9003, host=None).port == 9003


def test_the_embedded_key_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    with ThreadPoolExecutor(8) as starts:
        keys = set(starts.map(lambda _: settings.signing_key(), range(8)))
    assert len(keys) == 1
    file = tmp_path / "data" / "secret_key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [entry.name for entry in file.parent.iterdir()] == ["secret_key"]
    assert Settings(data_dir=tmp_path / "data").signing_key() == keys.pop()


def test_a_damaged_key_file_says_what_to_do(tmp_path):
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(ConfigurationError, match="remove the file"):
        Settings(data_dir=tmp_path).signing_key()


def test_settings_do_not_change_while_the_server_runs(tmp_path):
    settings = Settings(data_dir=tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        settings.data_dir = Path("/elsewhere")
