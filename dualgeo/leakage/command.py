"""`dualgeo leakage GALLERY QUERIES`: compare, print, write, and judge by what must not be."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dualgeo.errors import DualGeoError
from dualgeo.leakage.check import check_leakage
from dualgeo.leakage.finding import CHECKS, Leakage, Limits
from dualgeo.leakage.outcome import outcome, shown_pairs, write_pairs
from dualgeo.leakage.tables import Side, read_side
from dualgeo.leakage.words import report
from dualgeo.progress import say


@dataclass(frozen=True)
class Asked:
    """What the command line says."""

    gallery: str
    queries: str
    gallery_embeddings: Path | None = None
    query_embeddings: Path | None = None
    benchmarks: Path | None = None
    pairs: Path | None = None
    fail_on: Sequence[str] = ()
    as_json: bool = False


def leakage_command(root: Path, asked: Asked, limits: Limits) -> int:
    """Compare and print; returns the exit status, 1 where a check of `fail_on` found a pair or could not be made."""
    for check in asked.fail_on:
        if check not in (*CHECKS, "any"):
            raise DualGeoError(f"--fail-on {check}: there is no such check; choose any, {', '.join(CHECKS)}.")
    if asked.pairs is not None and asked.pairs.suffix.lower() not in (".csv", ".parquet"):
        raise DualGeoError(f"--pairs {asked.pairs}: write to a name that ends in .csv or .parquet.")
    leakage = _compare(root, asked, limits)
    print(json.dumps(outcome(leakage), indent=2, sort_keys=True) if asked.as_json else report(leakage))
    if asked.pairs is not None:
        pairs = shown_pairs(leakage)
        write_pairs(asked.pairs, pairs)
        found = sum(int(each.found.count.sum()) for each in leakage.findings)
        most = limits.pairs_per_query
        say(f"{len(pairs):,} of {found:,} pairs are in {asked.pairs}: at most {most} a query and check.")
    failures = [line for check in asked.fail_on if (line := _failure(leakage, check))]
    for line in failures:
        say(f"dualgeo: --fail-on {line}")
    return 1 if failures else 0


def _compare(root: Path, asked: Asked, limits: Limits) -> Leakage:
    within = asked.gallery == asked.queries and not Path(asked.queries).is_dir()
    queries = read_side(asked.queries, "QUERIES", root, asked.query_embeddings, asked.benchmarks)
    gallery = queries
    if not within:
        gallery = read_side(asked.gallery, "GALLERY", root, asked.gallery_embeddings, asked.benchmarks)
    elif asked.gallery_embeddings is not None:
        raise DualGeoError(f"{asked.queries} is compared with itself; give its embeddings as --query-embeddings.")
    for note in _once(queries, gallery):
        say(note)
    return check_leakage(gallery.photos, queries.photos, limits, within)


def _once(*sides: Side) -> list[str]:
    return list(dict.fromkeys(note for side in sides for note in side.notes))


def _failure(leakage: Leakage, check: str) -> str | None:
    """Why a check that must find nothing fails; None when it found nothing, everywhere it had to look."""
    if check == "any":
        findings = [each for each in leakage.findings if each.leak]
        affected = int(leakage.affected.sum())
    else:
        findings = [leakage.finding(check)]
        affected = int(findings[0].affected.sum())
    if affected:
        return f"{check}: {affected:,} of {leakage.queries.count:,} queries are affected."
    missing = [f"{each.check} ({each.not_checked})" for each in findings if each.not_checked]
    return f"{check}: not checked: {'; '.join(missing)}." if missing else None
