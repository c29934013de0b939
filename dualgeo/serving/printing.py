"""Answers, reasons and a model's words on a terminal."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from dualgeo.refinement.refine import RETRIEVAL
from dualgeo.serving.explain import Cluster, Explanation
from dualgeo.serving.locate import Location

if TYPE_CHECKING:  # whoever asks no model need not load one's libraries
    from dualgeo.serving.asking import Consultation
    from dualgeo.serving.statement import Statement

MOST_TOWNS = 3


def print_location(console: Console, path: Path, location: Location) -> None:
    """The coordinate, its place and its radii."""
    console.print(
        f"[bold]{escape(path.name)}[/bold]  {location.lat:.4f}, {location.lon:.4f}  {location.place}", highlight=False
    )
    for coverage, radius in location.radius_km.items():
        console.print(
            f"  within {radius:,.0f} km in {coverage:.0%} of photos like the validation photos", highlight=False
        )
    if not location.radius_km:
        whom = (
            "were no validation photos"
            if location.source == RETRIEVAL
            else "are no answers of the model to validation photos"
        )
        console.print(f"  no radius: there {whom} to calibrate it on")
    if location.stand_in:
        console.print("  [yellow]The encoders are stand-ins made for the drawn scenes of Atlas.[/yellow]")
        console.print("  [yellow]On a real photo this answer says nothing about where it was taken.[/yellow]")


def print_candidates(console: Console, system: str, location: Location, most: int) -> None:
    """The first `most` candidates as a table."""
    if not most or not location.candidates:
        return
    table = Table("candidate", "lat", "lon", "similarity", "cluster", title=f"asked {system}", title_justify="left")
    for c in location.candidates[:most]:
        cluster = str(c.cluster) if c.cluster >= 0 else "-"
        table.add_row(escape(c.photo_id), f"{c.lat:.4f}", f"{c.lon:.4f}", f"{c.similarity:.3f}", cluster)
    console.print(table)


def print_explanation(console: Console, explanation: Explanation, eps_km: float) -> None:
    """The clusters as a table, then the reasons."""
    if explanation.clusters:
        table = Table(title=f"candidates within {eps_km:g} km of each other", title_justify="left")
        for name in ("cluster", "photos", "centre", "spread km", "summed", "best"):
            table.add_column(name, no_wrap=True)
        table.add_column("places")
        for cluster in explanation.clusters:
            table.add_row(*_row(cluster), style="bold" if cluster.won else None)
        console.print(table)
    if explanation.alone:
        _line(console, f"{len(explanation.alone)} of the candidates lie in no cluster.")
    _line(console, explanation.choice)
    _line(console, explanation.coordinate)


def print_consultation(console: Console, consultation: "Consultation") -> None:
    """What the model said to each prompt, whose answer stands, and what was paid."""
    for statement in consultation.statements:
        _print_statement(console, statement)
    _line(console, consultation.verdict)
    if consultation.location != consultation.without:
        without = consultation.without
        _line(console, f"Without the model: {without.lat:.4f}, {without.lon:.4f}  {without.place}")
    _line(console, f"Paid for this photo now: {consultation.paid_usd:.4f} US dollars.")


def _row(cluster: Cluster) -> list[Text]:
    group = cluster.group
    towns = [f"{name} ({photos})" for name, photos in cluster.towns[:MOST_TOWNS]]
    more = len(cluster.towns) - MOST_TOWNS
    cells = [
        cluster.letter + (" won" if cluster.won else ""),
        str(len(group.places)),
        f"{group.lat:.4f}, {group.lon:.4f}",
        f"{group.spread_km:,.1f}",
        f"{group.similarity_sum:.2f}",
        f"{group.best:.3f}",
        "; ".join(towns) + (f"; {more} more" if more > 0 else ""),
    ]
    return [Text(cell) for cell in cells]


def _print_statement(console: Console, statement: "Statement") -> None:
    who = f"{statement.model or 'the model'}, {statement.prompt}"
    if statement.lat is None or statement.lon is None:
        _line(console, f"{who}: {statement.outcome}. {statement.reason}")
        return
    where = f"{statement.lat:.4f}, {statement.lon:.4f}  {statement.place}"
    _line(console, f"{who}{' (chosen)' if statement.chosen else ''}: {where}")
    if statement.radius_km is not None and statement.from_retrieval_km is not None:
        away = f"{statement.from_retrieval_km:,.1f} km from the retrieval answer"
        _line(console, f"  it says within {statement.radius_km:,.1f} km (not calibrated); {away}")
    if statement.similarity is not None:
        _line(console, f"  it fits the photo with {statement.similarity:.3f} by our own model")
    for evidence in statement.evidence:
        _line(console, f"  - {evidence}")
    if statement.used:
        _line(console, f"  rests on {', '.join(statement.used)}")
    bought = "kept from before, nothing paid" if statement.from_store else f"{statement.usd:.4f} US dollars"
    _line(console, f"  {bought}" + (f"; {statement.reason}" if statement.reason else ""))


def _line(console: Console, text: str) -> None:
    # A model's words and names of files are no markup.
    console.print(Text(f"  {text}"), soft_wrap=True)
