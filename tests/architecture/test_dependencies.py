"""13: every library has a line that says why, a hash in the lock, and a licence that fits Apache-2.0."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# Copyleft that would bind our own code, unless another licence may be chosen. LGPL and MPL libraries are unchanged.
BINDING = re.compile(r"(?<![L-])\b(?:A?GPL|GNU (?:Affero )?General Public)", re.IGNORECASE)
CHOICE = re.compile(r"\b(?:LGPL|MPL|MIT|BSD|Apache)\b|\bLesser General Public|Mozilla Public", re.IGNORECASE)


def _bare(requirement: str) -> str:
    return re.split(r"[\[=<>!~; ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


RUNTIME = {_bare(line) for line in PROJECT["project"]["dependencies"]}
GROUPS = {name: {_bare(line) for line in lines} for name, lines in PROJECT["dependency-groups"].items()}


def _locked(name: str) -> dict[str, str]:
    """Distribution → its whole entry, hashes included."""
    entries = re.split(r"\n(?=[a-z0-9])", (ROOT / name).read_text())
    return {_bare(entry): entry for entry in entries if "==" in entry}


def test_each_library_has_a_line_and_each_line_a_library():
    listed = re.findall(r"^\| ([a-z0-9][a-z0-9.-]*) \|", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE)
    rows = [name for name in listed if name != "library"]
    assert sorted(rows) == sorted(RUNTIME.union(*GROUPS.values()))


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "script/uv.lock"])
def test_every_locked_library_is_pinned_with_hashes(lock):
    entries = _locked(lock)
    assert entries
    assert [name for name, entry in entries.items() if "--hash=sha256:" not in entry] == []


def test_the_locks_hold_what_the_project_names():
    runtime, everything = _locked("requirements.lock"), _locked("requirements-dev.lock")
    assert RUNTIME | GROUPS["build"] <= runtime.keys()
    assert GROUPS["dev"] <= everything.keys()


def test_the_server_s_lock_is_part_of_the_developer_s():
    runtime, everything = _locked("requirements.lock"), _locked("requirements-dev.lock")
    version = re.compile(r"==([^ \\;]+)")
    different = {
        name: entry
        for name, entry in runtime.items()
        if version.findall(entry)[:1] != version.findall(everything.get(name, ""))[:1]
    }
    assert different == {}


def test_exact_pins_are_the_locked_versions():
    pinned = dict(line.split("==") for line in PROJECT["project"]["dependencies"] if "==" in line)
    locked = _locked("requirements.lock")
    assert {name for name, version in pinned.items() if f"=={version}" not in locked[name]} == set()


def _licence(name: str) -> str:
    metadata = distribution(name).metadata
    classifiers = [line for line in metadata.get_all("Classifier") or [] if line.startswith("License ::")]
    expression = metadata.get("License-Expression") or ""
    return " ".join([expression, *classifiers]) or (metadata.get("License") or "")[:200]


def test_no_library_of_the_server_binds_our_licence():
    found = {}
    for name in _locked("requirements.lock"):
        try:
            found[name] = _licence(name)
        except PackageNotFoundError:
            continue  # a library of another platform or Python version
    binding = {name for name, words in found.items() if BINDING.search(words) and not CHOICE.search(words)}
    assert binding == set()
    assert len(found) > len(RUNTIME)


def test_our_own_licence_is_the_one_we_name():
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()
