"""2: records are read one at a time, whatever the size of the file and wherever a block ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.domain.errors import InvalidInputError
from services.ingest.connectors import json_files
from services.ingest.connectors.json_files import BrokenLine, read_records, resource_of

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(records=st.lists(VALUES, max_size=6), block=st.integers(1, 40), indent=st.sampled_from([None, 1]))
def test_an_array_is_read_whole_in_blocks_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, records: list[object], block: int, indent: int | None
) -> None:
    monkeypatch.setattr(json_files, "_BLOCK", block)
    file = tmp_path / "jobs.json"
    file.write_text(json.dumps(records, indent=indent), encoding="utf-8")
    assert [record for _, record in read_records(file)] == records


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(cut=st.integers(1, 60), block=st.integers(1, 40))
def test_wherever_an_array_is_cut_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int, block: int
) -> None:
    monkeypatch.setattr(json_files, "_BLOCK", block)
    text = json.dumps([{"id": 1, "name": "Baker"}, {"id": 2, "name": "Cook"}])
    file = tmp_path / "jobs.json"
    file.write_text(text[: min(cut, len(text) - 1)], encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"jobs\.json is damaged or cut off near record"):
        list(read_records(file))


def test_an_empty_file_and_an_empty_array_hold_nothing(tmp_path: Path) -> None:
    for text in ("", "  \n", "[]", "[ ]"):
        (tmp_path / "jobs.json").write_text(text, encoding="utf-8")
        assert list(read_records(tmp_path / "jobs.json")) == []


def test_deep_nesting_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "jobs.json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(InvalidInputError, match="nested too deeply"):
        list(read_records(tmp_path / "jobs.json"))


def test_lines_stand_alone(tmp_path: Path) -> None:
    file = tmp_path / "jobs.jsonl"
    file.write_text('{"id": 1}\n\n{"id": \n{"id": 3}\n', encoding="utf-8")
    found = list(read_records(file))
    assert [position for position, _ in found] == [1, 3, 4]
    assert isinstance(found[1][1], BrokenLine)


@pytest.mark.parametrize(
    ("name", "resource"),
    [("jobs.json", "jobs"), ("jobs.jsonl.gz", "jobs"), ("ORIGIN.md", None), ("jobs.csv", None), ("a.b.json", "a.b")],
)
def test_a_file_is_named_after_its_resource(name: str, resource: str | None) -> None:
    assert resource_of(Path(name)) == resource
