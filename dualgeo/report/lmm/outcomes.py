"""What became of the questions: how many were answered, and why the others were not."""

from collections import Counter

import pandas as pd

from dualgeo.report.inputs import Run
from dualgeo.report.lmm.asked import asked_cells
from dualgeo.report.lmm.words import plain

MEANING = {
    "answered": "a valid coordinate",
    "refused": "the model would not say",
    "truncated": "the answer did not fit into max_tokens",
    "invalid": "the answer held no coordinate that can be",
    "rejected": "the server would not take the request",
    "failed": "no answer after all attempts; asked again by the next run",
    "not asked": "nothing was sent",
}
REASONS, REASON_LENGTH = 12, 240


def outcome_rows(run: Run) -> list[dict[str, str]]:
    """A row for each outcome, those that did not occur included, with its share of all questions."""
    table = _questions(run)
    counts = table["outcome"].value_counts()
    others = [str(name) for name in counts.index if name not in MEANING]
    return [
        {
            "outcome": name,
            "meaning": MEANING.get(name, ""),
            "count": f"{int(counts.get(name, 0)):,}",
            "share": f"{100 * int(counts.get(name, 0)) / len(table):.1f} %",
        }
        for name in [*MEANING, *sorted(others)]
    ]


def reason_rows(run: Run) -> tuple[list[dict[str, str]], int]:
    """The commonest reasons without an answer, and how many questions have a rarer one."""
    table = _questions(run)
    failed = table[table["outcome"] != "answered"]
    reasons = Counter(
        (str(outcome), plain(reason, REASON_LENGTH) or "no reason was given")
        for outcome, reason in zip(failed["outcome"], failed["reason"], strict=True)
    )
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    rows = [{"outcome": outcome, "reason": reason, "count": f"{n:,}"} for (outcome, reason), n in ordered[:REASONS]]
    return rows, sum(n for _, n in ordered[REASONS:])


def _questions(run: Run) -> pd.DataFrame:
    return pd.concat([cell.lmm for cell in asked_cells(run)], ignore_index=True)
