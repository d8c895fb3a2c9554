"""Mapping files: YAML that is checked key by key, with messages that name the place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from services.domain.errors import InvalidInputError

MAPPING_VERSION = 1


def load_mapping(path: Path) -> dict[str, Any]:
    """The file's content. Raises InvalidInputError when it is no mapping of version 1."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInputError(f"The mapping {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"The mapping {path} is not UTF-8: {error.reason}.") from error
    except yaml.YAMLError as error:
        raise InvalidInputError(f"The mapping {path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise InvalidInputError(f"The mapping {path} is empty or not a set of keys. docs/integrations/ has examples.")
    if content.get("version") != MAPPING_VERSION:
        given = content.get("version")
        raise InvalidInputError(f"{path.name}: version is {given!r}; write `version: {MAPPING_VERSION}`.")
    return {str(key): value for key, value in content.items()}


def check_keys(where: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse keys that would be ignored silently."""
    accepted = sorted(known)
    unknown = sorted({str(key) for key in given} - set(accepted))
    if unknown:
        raise InvalidInputError(f"{where}: {', '.join(unknown)} is not known. Known: {', '.join(accepted)}.")


def section(where: str, given: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The part ``name``, which must be a set of keys; empty when it is not there."""
    part = given.get(name)
    if part is None:
        return {}
    if not isinstance(part, dict):
        raise InvalidInputError(f"{where}: {name} must be a set of `name: value` lines, not {type(part).__name__}.")
    return {str(key): value for key, value in part.items()}


def choices(where: str, given: Mapping[str, Any], accepted: Iterable[str]) -> dict[str, str]:
    """``given`` with every value among ``accepted``."""
    allowed = sorted(accepted)
    for key, value in given.items():
        if value not in allowed:
            raise InvalidInputError(f"{where}: {key} is {value!r}. Accepted: {', '.join(allowed)}.")
    return {key: str(value) for key, value in given.items()}
