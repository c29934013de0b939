"""A comparison as text: a table of the checks and one closing sentence."""

from dualgeo.leakage.finding import Leakage
from dualgeo.leakage.outcome import query_sets

COLUMNS = ("check", "queries affected", "of", "pairs")


def report(leakage: Leakage) -> str:
    """The table of all checks, what could not be checked and why, the query sets, and the sentence."""
    queries, gallery = leakage.queries, leakage.gallery
    head = f"{queries.name}: {queries.count:,} queries against {gallery.count:,} photos of {gallery.name}"
    if leakage.within:
        head = f"{queries.name}: {queries.count:,} photos, each against the {queries.count - 1:,} others"
    parts = [head, _table([COLUMNS, *_rows(leakage)])]
    parts += [f"not checked: {each.words}: {each.not_checked}" for each in leakage.findings if each.not_checked]
    sets = _sets(leakage)
    return "\n".join([*parts, *([_table(sets)] if len(sets) > 2 else []), sentence(leakage)])


def sentence(leakage: Leakage) -> str:
    """How many queries leak, by how many checks, and how many checks could not be made."""
    made = sum(each.leak and not each.not_checked for each in leakage.findings)
    missing = sum(each.leak and bool(each.not_checked) for each in leakage.findings)
    if not made:
        return f"Leakage: none of the {missing} checks could be made; nothing is known."
    affected = int(leakage.affected.sum())
    share = 100 * affected / leakage.queries.count
    said = f"Leakage: {affected:,} of {leakage.queries.count:,} queries ({share:.1f} %) by any of {made} checks"
    return said + (f"; {missing} could not be made." if missing else ".")


def _rows(leakage: Leakage) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for each in leakage.findings:
        if each.not_checked:
            rows.append((each.words, "not checked", "", ""))
            continue
        known = int(each.query_known.sum())
        affected = int(each.affected.sum())
        share = f"{affected:,} ({100 * affected / known:.1f} %)"
        words = each.words + ("" if each.leak else " (no leak by itself)")
        rows.append((words, share, f"{known:,}", f"{int(each.found.count.sum()):,}"))
    return rows


def _sets(leakage: Leakage) -> list[tuple[str, ...]]:
    """Queries affected in each query set, a column for each check that was made."""
    made = [each for each in leakage.findings if not each.not_checked]
    rows: list[tuple[str, ...]] = [("query set", "queries", *(each.check for each in made), "any")]
    for name, chosen in query_sets(leakage.queries).items():
        counts = [each.affected for each in made] + [leakage.affected]
        rows.append((name, f"{chosen.sum():,}", *(f"{(count & chosen).sum():,}" for count in counts)))
    return rows


def _table(rows: list[tuple[str, ...]]) -> str:
    """Columns aligned, the first to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in ["", *lines, ""])
