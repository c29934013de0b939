"""What a table of answers amounts to: every request counted once, every failure with its reason."""

import numpy as np
import pandas as pd
import pytest

from dualgeo.lmm.rows import table_of
from dualgeo.lmm.summary import calls_of, lmm_summary, usd_per_correct

ROW = {
    "query_set": "atlas",
    "split": "query",
    "filtered": False,
    "prompt": "rag-10@0123456789ab",
    "outcome": "answered",
    "reason": "",
    "chosen": False,
    "model": "some-model",
    "input_tokens": 1000,
    "output_tokens": 100,
    "usd": 0.5,
    "latency_s": 2.0,
    "attempts": 1,
    "lost": 0,
}


def table(*rows: dict[str, object]) -> pd.DataFrame:
    return table_of({**ROW, "query_id": f"q{n}", "key": f"key {n}", **row} for n, row in enumerate(rows))


def test_an_answer_that_serves_two_rows_is_counted_once() -> None:
    said = table({}, {"key": "key 0", "filtered": True, "query_id": "q0"}, {"usd": 0.25, "lost": 2})
    calls = calls_of(said)
    assert (calls.requests, calls.usd, calls.input_tokens, calls.output_tokens, calls.lost) == (2, 0.75, 2000, 200, 2)
    summary = lmm_summary(said)
    assert (summary["photos"], summary["rows"], summary["requests"]) == (2, 3, 2)
    assert summary["usd_per_photo"] == 0.375


def test_what_was_not_asked_costs_nothing_and_is_counted() -> None:
    unasked = {"outcome": "not asked", "reason": "lmm.max_usd", "model": None, "usd": 0.0, "latency_s": None}
    summary = lmm_summary(table({}, unasked, unasked))
    assert (summary["photos"], summary["requests"], summary["models"]) == (1, 1, ["some-model"])
    assert summary["outcomes"] == {"answered": 1, "not asked": 2}
    assert summary["failures"] == [{"outcome": "not asked", "reason": "lmm.max_usd", "rows": 2}]


def test_nothing_asked_at_all_is_a_summary_too() -> None:
    summary = lmm_summary(table({"outcome": "not asked", "latency_s": None}))
    assert (summary["photos"], summary["usd"], summary["usd_per_photo"], summary["latency_s"]) == (0, 0.0, 0.0, {})


def test_failures_are_counted_by_reason_the_commonest_first() -> None:
    refused = {"outcome": "refused", "reason": "it shows: a home"}
    invalid = [{"outcome": "invalid", "reason": f"out of range: latitude {n}."} for n in range(91, 94)]
    summary = lmm_summary(table({}, refused, *invalid, {"outcome": "failed", "reason": "the server failed (500)."}))
    assert summary["failures"] == [
        {"outcome": "invalid", "reason": "out of range", "rows": 3},
        {"outcome": "failed", "reason": "the server failed (500).", "rows": 1},
        {"outcome": "refused", "reason": "it shows: a home", "rows": 1},
    ]


def test_a_thousand_reasons_do_not_make_a_thousand_lines_and_none_is_lost() -> None:
    summary = lmm_summary(table(*({"outcome": "failed", "reason": f"reason {n}"} for n in range(200))))
    assert len(summary["failures"]) + summary["failures_not_listed"] == 200
    assert len(summary["failures"]) < 100


def test_the_order_of_rows_does_not_matter() -> None:
    rows = [{"usd": 0.1 * n, "latency_s": 0.37 * n, "outcome": ("answered", "failed")[n % 2]} for n in range(40)]
    said = table(*rows)
    shuffled = said.sample(frac=1.0, random_state=np.random.default_rng(3)).reset_index(drop=True)
    assert lmm_summary(shuffled) == lmm_summary(said)


def test_dollars_of_a_correct_answer_leave_out_what_answered_no_query() -> None:
    said = table({}, {}, {}, {"split": "validation"}, {"filtered": True, "query_id": "q0"})
    errors = pd.Series({"q0": 24.0, "q1": 26.0, "q2": np.nan, "q3": 1.0})
    assert usd_per_correct(said, errors, 25.0) == pytest.approx(1.5)
    assert usd_per_correct(said, errors, 1.0) is None
