"""What a large multimodal model had to do with a refined cell: what it cost, what came from the store, what failed."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import dagster as dg

from dualgeo.lockfile import md5_of

MOST_FAILED = 0.1
"""Share of a cell's questions without an answer from which on a look is worth while."""
REASON_SHOWN = 200
SPECIAL = "\\`*_{}[]()<>#+-!|&~"


def asking_shown(root: Path, folder: Path) -> dict[str, dg.MetadataValue]:
    """Metadata for refined/<cell>: spend, hit rate, outcomes and a table of failures; nothing where none was asked."""
    if not (folder / "lmm.json").is_file():
        return {}
    summary = read_object(folder / "lmm.json")
    asking = noted_asking(root, folder)
    return {
        "LMM": dg.MetadataValue.text(_sentence(summary)),
        **({"LMM, last asking": dg.MetadataValue.text(_last(asking))} if asking else {}),
        "LMM usd": dg.MetadataValue.float(float(summary["usd"])),
        "LMM usd per photo": dg.MetadataValue.float(float(summary["usd_per_photo"])),
        **({"LMM hit rate": dg.MetadataValue.float(hit_rate(asking))} if asking and asking["requests"] else {}),
        "LMM failures": dg.MetadataValue.md(failure_table(summary)),
    }


def noted_asking(root: Path, folder: Path) -> dict[str, Any] | None:
    """How the asking went that made this very lmm.parquet, where this machine did it."""
    try:
        noted = read_object(root / ".dualgeo" / "lmm" / f"{folder.name}.json")
    except (OSError, ValueError):
        return None
    return noted if noted.get("table") == md5_of(folder / "lmm.parquet") else None


def hit_rate(asking: dict[str, Any]) -> float:
    """Share of the requests whose answer was in the store."""
    return max(0.0, 1 - asking["sent"] / asking["requests"])


def failure_table(summary: dict[str, Any]) -> str:
    """Outcome, reason and count as a Markdown table. Reasons may quote a server: they are shown as plain text."""
    if not summary["failures"]:
        return "Every question has an answer."
    rows = [f"| {plain(f['outcome'])} | {plain(f['reason'])} | {f['rows']} |" for f in summary["failures"]]
    more = summary.get("failures_not_listed", 0)
    rows += [f"| | other reasons | {more} |"] if more else []
    return "\n".join(["| outcome | reason | questions |", "|---|---|---:|", *rows])


def share_failed(summary: dict[str, Any]) -> float:
    """Share of the questions that were put to the model and brought no answer."""
    asked = sum(rows for outcome, rows in summary["outcomes"].items() if outcome != "not asked")
    return 1 - summary["outcomes"].get("answered", 0) / asked if asked else 0.0


def plain(text: str) -> str:
    """Text as Markdown that shows it and does nothing: one line, nothing invisible, no link, no image, no tag."""
    line = " ".join("".join(" " if letter.isspace() else letter for letter in str(text)).split())
    seen = "".join(letter for letter in line if not unicodedata.category(letter).startswith("C"))[:REASON_SHOWN]
    # An address alone would become a link as well.
    seen = seen.replace("://", ":/ /").replace("www.", "www .")
    return "".join(f"&#{ord(letter)};" if letter in SPECIAL else letter for letter in seen)


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object; ValueError where the file holds none."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict):
        raise ValueError(f"{path.name} holds no JSON object")
    return document  # pyright: ignore[reportUnknownVariableType]


def _sentence(summary: dict[str, Any]) -> str:
    models = ", ".join(summary["models"]) or "no model"
    latency = summary["latency_s"]
    times = f"; {latency['p50']:.3g} s in the middle, {latency['p95']:.3g} s at 95 %" if latency else ""
    return (
        f"{models}: {summary['requests']} requests about {summary['photos']} photos, {summary['usd']:.4f} US dollars "
        f"when they were bought, {summary['input_tokens']} tokens in, {summary['output_tokens']} out{times}; "
        f"{summary['chosen']} of its coordinates were taken."
    )


def _last(asking: dict[str, Any]) -> str:
    hits = max(0, asking["requests"] - asking["sent"])
    return (
        f"{hits} of {asking['requests']} answers came from the store; {asking['sent']} were asked for, "
        f"{asking['usd']:.4f} US dollars. Spent in all: {asking['spent_usd']:.4f} of {asking['max_usd']:g}."
    )
