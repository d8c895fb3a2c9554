"""The export folder as a whole: which files there are, what has to be known before the others can be read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path

from services.domain.errors import InvalidInputError
from services.ingest.connectors.greenhouse.context import ExportContext, Record, record_key
from services.ingest.connectors.greenhouse.legacy import as_v3
from services.ingest.connectors.greenhouse.resources import TRANSLATIONS, Translator
from services.ingest.connectors.greenhouse.vocabulary import Vocabulary, load_vocabulary
from services.ingest.connectors.json_files import BrokenLine, count_records, read_records, resource_of
from services.ingest.fields import Reading, source_version
from services.ingest.records import FieldError, Notes, Problem, SourceItem

ALIASES = {"job_stages": "job_interview_stages", "scheduled_interviews": "interviews"}
"""Names that version 1 of the API had for a resource."""

_KEPT = (
    "jobs", "openings", "close_reasons", "job_interview_stages", "job_hiring_managers", "job_owners", "interviewers",
)  # fmt: skip
"""Read ahead: other resources need them."""


def open_greenhouse(path: Path, mapping: Path | None, now: dt.datetime) -> GreenhouseExport:
    """Raises InvalidInputError when the folder is none of ours."""
    if not path.is_dir():
        raise InvalidInputError(f"{path} is a file; a Greenhouse export is a folder with applications.json and so on.")
    files: dict[str, Path] = {}
    ignored: list[str] = []
    for file in sorted(path.iterdir()):
        resource = resource_of(file)
        if resource is None or not file.is_file():
            continue
        name = ALIASES.get(resource, resource)
        if name not in TRANSLATIONS:
            ignored.append(file.name)
        elif name in files:
            raise InvalidInputError(f"{path} holds {name} twice: {files[name].name} and {file.name}. Keep one of them.")
        else:
            files[name] = file
    if not files:
        raise InvalidInputError(
            f"{path} holds no file named after a Greenhouse resource, such as applications.json or offers.jsonl.gz."
        )
    return GreenhouseExport(files, ignored, load_vocabulary(mapping), now)


class GreenhouseExport:
    """A connector. Absent files mean that the resource is not loaded; nothing is taken to be deleted."""

    system = "greenhouse"
    data_from: dt.date | None = None

    def __init__(self, files: Mapping[str, Path], ignored: list[str], words: Vocabulary, now: dt.datetime) -> None:
        self._files = files
        self._ignored = ignored
        self._words = words
        self._reading = Reading(now)
        self.entities = tuple(sorted({entity for name in files for entity in TRANSLATIONS[name].entities}))

    def record_estimate(self) -> int:
        return sum(count_records(path) for path in self._files.values())

    def items(self, notes: Notes) -> Iterator[SourceItem | Problem]:
        for name in self._ignored:
            notes.warn(f"{name} is not a resource that is loaded; the file was left alone.")
        context = ExportContext(self._words, self._reading, notes)
        for name in _KEPT:
            if name in self._files:
                context.keep(name, (record for _, record in self._records(name) if isinstance(record, dict)))
        context.ready()
        for name in self._files:
            yield from self._translated(name, context)

    def _records(self, name: str) -> Iterator[tuple[int, object]]:
        for position, record in read_records(self._files[name]):
            yield position, as_v3(name, record) if isinstance(record, dict) else record

    def _translated(self, name: str, context: ExportContext) -> Iterator[SourceItem | Problem]:
        file = self._files[name].name
        translation = TRANSLATIONS[name]
        for position, record in self._records(name):
            if not isinstance(record, dict):
                reason = record.reason if isinstance(record, BrokenLine) else "is not a JSON object"
                payload = record.text if isinstance(record, BrokenLine) else record
                yield Problem(name, file, f"record {position}", None, reason, payload)
                continue
            yield _item(name, file, position, record, context, translation.rows)


def _item(
    name: str, file: str, position: int, record: Record, context: ExportContext, rows: Translator
) -> SourceItem | Problem:
    key = ""
    try:
        key = record_key(record)
        version = source_version(record.get("updated_at"))
        return SourceItem(name, key, file, tuple(rows(record, context)), record, version)
    except FieldError as error:
        return Problem(name, file, key or f"record {position}", error.field, error.reason, record)
