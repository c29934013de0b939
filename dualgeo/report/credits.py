"""Whose photos the report shows, under which licence, and where they come from."""

from typing import Any

import pandas as pd

from dualgeo.report.words import count


def credit_context(photos: pd.DataFrame, shown: set[str]) -> dict[str, Any]:
    """Credits of the photos shown: one sentence where all share a licence and have no source, else a row for each.

    Only http addresses become links.
    """
    table = photos[photos["photo_id"].isin(list(shown))].sort_values("photo_id")
    number = count(len(table), "photo")
    licences = sorted({_text(value) for value in table["licence"]})
    if len(licences) <= 1 and not any(_text(value) for value in table["source_url"]):
        line = f"{number} shown; licence: {licences[0] or 'none stated'}." if len(table) else ""
        return {"credits": [], "credit_line": line, "credit_count": number}
    credits = [
        {
            "photo_id": str(row.photo_id),
            "photographer": _text(row.photographer),
            "licence": _text(row.licence),
            "link": link if (link := _text(row.source_url)).startswith(("https://", "http://")) else "",
        }
        for row in table.itertuples()
    ]
    return {"credits": credits, "credit_line": "", "credit_count": number}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
