"""Asset checks: what the stages' output files say about themselves. A stage's exit status does the gating."""

import csv
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.graph import Node
from orchestration.lmm import MOST_FAILED, noted_asking, read_object, share_failed
from orchestration.rows import rows_below

LEAST_RECALL = 0.95
WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR
SUITES = {
    "Positions": "coordinates are there and possible",
    "Identity": "no photo or id twice",
    "Splits": "no leakage: gallery, validation and query photos share no place and no photographer",
    "Images": "every image is there and can be read",
    "Rights": "every photo has a licence",
}
SAME_PHOTOS = frozenset({"id", "identical", "photographer"})
NOT_THERE = "has not been made"


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check, in words."""

    passed: bool
    words: str
    severity: dg.AssetCheckSeverity = ERROR
    shown: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Metadata beside the words."""


@dataclass(frozen=True)
class Check:
    """A question to the outputs of one node; `judge` gets the project folder and the node."""

    name: str
    description: str
    judge: Callable[[Path, Node], Verdict]

    def result(self, root: Path, node: Node) -> dg.AssetCheckResult:
        """Judge; outputs that cannot be read fail the check and nothing else."""
        try:
            verdict = self.judge(root, node)
        except FileNotFoundError as error:
            verdict = Verdict(False, f"{Path(error.filename).name} {NOT_THERE}.")
        except (ValueError, KeyError, TypeError, OSError) as error:
            verdict = Verdict(False, f"The outputs cannot be judged ({type(error).__name__}: {error}).")
        return dg.AssetCheckResult(
            passed=verdict.passed,
            asset_key=dg.AssetKey(node.key),
            check_name=self.name,
            severity=verdict.severity,
            description=verdict.words,
            metadata=verdict.shown,
        )


def checks_of(node: Node) -> list[Check]:
    """The checks for the outputs of a stage of this name; none for a stage that is not known here."""
    return CHECKS.get(node.stage, [])


def expectations(suite: str) -> Callable[[Path, Node], Verdict]:
    """Whether the data met the expectations of one suite; the suite's worst failure gives the severity."""

    def judge(root: Path, node: Node) -> Verdict:
        document = read_object(root / node.outs[0] / "validation.json")
        asked = [each for each in document["expectations"] if each["group"] == suite]
        failed = [each for each in asked if not each["success"]]
        if not asked:
            return Verdict(False, "params.yaml asks for none of these.", WARN)
        critical = any(each.get("severity", "critical") == "critical" for each in failed)
        words = "; ".join(f"{each['name']}: {each['unexpected']} of {each['checked']} against it" for each in failed)
        words = words or f"{len(asked)} expectations met by {document['photos']} photos."
        shown = {each["name"]: "; ".join(each["examples"]) or "against it" for each in failed}
        return Verdict(not failed, words, ERROR if critical or not failed else WARN, shown)

    return judge


def quarantine(root: Path, node: Node) -> Verdict:
    """Whether photos were left out when the data came in."""
    document = read_object(root / node.outs[0] / "validation.json")
    count = document["quarantined"]
    words = f"{count} left out of {count + document['photos']}."
    return Verdict(count == 0, words, WARN, document["quarantine_reasons"])


def complete(root: Path, node: Node) -> Verdict:
    """Whether the cache holds one row for each photo that was validated."""
    photos = read_object(root / "reports" / "validation" / "validation.json")["photos"]
    cached = sum(rows_below(root / out) for out in node.outs)
    return Verdict(cached == photos, f"{cached} rows for {photos} photos.", shown={"rows": cached, "photos": photos})


def shared(root: Path, node: Node) -> Verdict:
    """Whether queries share photos, photographers or moments with the gallery; what only looks alike is a warning."""
    document = read_object(root / node.outs[0] / "leakage.json")
    leaks = {name: check for name, check in document["checks"].items() if check["leak"]}
    found = {name: check for name, check in leaks.items() if check["queries_affected"]}
    unknown = [name for name, check in leaks.items() if check["not_checked"]]
    shown = {name: check["not_checked"] or f"{check['queries_affected']} queries" for name, check in leaks.items()}
    words = "; ".join(f"{name}: {check['queries_affected']} queries" for name, check in found.items())
    words = f"{words or 'Nothing is shared'}, of {document['queries_compared']} queries"
    words += f". Not checked: {', '.join(unknown)}." if unknown else "."
    return Verdict(not found, words, ERROR if SAME_PHOTOS.intersection(found) or not found else WARN, shown)


def loss(root: Path, node: Node) -> Verdict:
    """Whether the losses of curve.csv (columns epoch, loss, ...) are finite and ended lower."""
    with (root / node.outs[0] / "curve.csv").open(encoding="utf-8", newline="") as handle:
        values = [float(row["loss"]) for row in csv.DictReader(handle)]
    if not values:
        return Verdict(False, "No epoch was recorded.")
    if not all(map(math.isfinite, values)):
        return Verdict(False, "The loss stopped being finite.")
    words = f"{values[0]:.4g} in the first epoch, {values[-1]:.4g} in the last of {len(values)}."
    return Verdict(len(values) == 1 or values[-1] < values[0], words)


def recall(root: Path, node: Node) -> Verdict:
    """Whether the index finds what an exact search finds, as the index stage measured on gallery rows."""
    measured = read_object(root / node.outs[0] / "config.json").get("recall")
    if measured is None:
        return Verdict(False, "The index stage measured no recall; run it again.", WARN)
    words = f"recall@{measured['k']} {measured['value']:.3f} against exact search, over {measured['queries']} rows."
    return Verdict(measured["value"] >= LEAST_RECALL, words, WARN, {"recall": measured["value"]})


def whole_gallery(root: Path, node: Node) -> Verdict:
    """Whether every gallery photo has a row."""
    rows = read_object(root / node.outs[0] / "config.json")["rows"]
    photos = read_object(root / "reports" / "validation" / "validation.json")["splits"]["gallery"]
    return Verdict(rows == photos, f"{rows} rows for {photos} gallery photos.")


def skill(root: Path, node: Node) -> Verdict:
    """Whether Acc@25km is above what the one best place of the gallery would score, where the gallery allows that."""
    metrics = read_object(root / _named(node, "metrics.json"))
    lines: dict[str, str] = {}
    below: list[str] = []
    for name, figures in metrics.items():
        key = "25" if "25" in figures["acc"] else next(iter(figures["acc"]))
        value, line, best = figures["acc"][key]["value"], figures["no_skill"][key], figures["oracle"][key]["value"]
        if best > line:
            lines[name] = f"{value:.1f} % within {key} km, no skill {line:.1f} %"
            below += [name] if value <= line else []
    if not lines:
        return Verdict(False, "No query set has gallery photos near its queries: nothing can be said.", WARN)
    words = f"Not above the no-skill line: {', '.join(below)}." if below else f"Above it on {len(lines)} query sets."
    return Verdict(not below, words, ERROR if len(below) in (0, len(lines)) else WARN, lines)


def answered(root: Path, node: Node) -> Verdict:
    """Whether every query got an answer; one without counts as a miss."""
    metrics = read_object(root / _named(node, "metrics.json"))
    failed = {name: figures["failed"] for name, figures in metrics.items() if figures["failed"]}
    asked = sum(figures["queries"] for figures in metrics.values())
    return Verdict(not failed, f"{sum(failed.values())} of {asked} queries without an answer.", WARN, failed)


def model_answers(root: Path, node: Node) -> Verdict:
    """Whether a large multimodal model, where one was asked, answered nearly all, and within what may be spent."""
    folder = root / node.outs[0]
    if not (folder / "lmm.parquet").exists():
        return Verdict(False, f"{folder.name} {NOT_THERE}.")
    if not (folder / "lmm.json").exists():
        return Verdict(True, "No model was asked.", WARN)
    outcomes = (summary := read_object(folder / "lmm.json"))["outcomes"]
    failed, unasked = share_failed(summary), outcomes.get("not asked", 0)
    said = [f"{failed:.1%} of the questions that were put to it have no answer"]
    said += [f"{unasked} were not put to it, because lmm.max_usd was reached"] if unasked else []
    spent = noted_asking(root, folder) or {"spent_usd": 0.0, "max_usd": 0.0}
    if spent["spent_usd"] > 0:
        said.append(f"{spent['spent_usd']:.4f} of {spent['max_usd']:g} US dollars are spent in all")
    passed = failed <= MOST_FAILED and not unasked and spent["spent_usd"] <= spent["max_usd"]
    return Verdict(passed, f"{'; '.join(said)}.", WARN, outcomes)


CHECKS: Mapping[str, list[Check]] = {
    "validate": [
        *(Check(suite.lower(), f"Expectations: {words}.", expectations(suite)) for suite, words in SUITES.items()),
        Check("quarantine", "No photo was left out when the data came in.", quarantine),
    ],
    "segment": [Check("complete", "One mask for each photo.", complete)],
    "embed": [Check("complete", "Features for each photo.", complete)],
    "leakage": [Check("shared", "Queries share no photo, photographer or moment with the gallery.", shared)],
    "train": [Check("loss", "The training loss is finite and fell.", loss)],
    "index": [
        Check("recall", f"The index finds at least {LEAST_RECALL:.0%} of what exact search finds.", recall),
        Check("whole_gallery", "Every gallery photo has a row.", whole_gallery),
    ],
    "refine": [
        Check(
            "model_answers",
            f"Where a model was asked, it answered at least {1 - MOST_FAILED:.0%} and cost no more than allowed.",
            model_answers,
        )
    ],
    "score": [
        Check("skill", "Accuracy is above the no-skill line.", skill),
        Check("answered", "Every query got an answer.", answered),
    ],
}


def _named(node: Node, name: str) -> str:
    return next(out for out in node.outs if Path(out).name == name)
