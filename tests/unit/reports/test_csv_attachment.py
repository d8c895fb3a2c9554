from __future__ import annotations

import csv
import io
from dataclasses import replace

from reports.csv_attachment import COLUMNS, render_csv
from services.domain.views import ReportView
from tests.report_factories import a_scorecard, a_sparse_scorecard


def records(view: ReportView) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render_csv(view).decode("utf-8-sig"), newline="")))


def test_every_figure_is_there_unrounded_with_n_and_definition():
    found = records(a_scorecard())
    assert list(found[0]) == list(COLUMNS)
    acceptance = next(row for row in found if row["item"] == "Offer acceptance")
    assert (acceptance["value"], acceptance["n"], acceptance["target"]) == ("0.882", "34", "0.85")
    assert acceptance["definition_version"] == "1"
    assert any(row["section"] == "Not in your hands" and row["value"] == "57.0" for row in found)
    assert any(row["section"] == "pass-through" and row["measure"] == "company rate" for row in found)


def test_an_absent_value_is_empty_and_says_why():
    few = next(row for row in records(a_sparse_scorecard()) if row["item"] == "Time to fill")
    assert (few["value"], few["reason"], few["n"]) == ("", "too_few", "3")


def test_a_name_that_a_spreadsheet_would_run_is_made_text():
    view = a_scorecard()
    row = replace(view.tables[0].rows[0], label="=HYPERLINK(1)")
    found = records(replace(view, tables=(replace(view.tables[0], rows=(row,)),)))
    assert {item["item"] for item in found if "HYPERLINK" in item["item"]} == {"'=HYPERLINK(1)"}
