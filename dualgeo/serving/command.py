"""`dualgeo locate`: answers for a person (a table) or for a program (JSON)."""

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from dualgeo.datasets.images import load_photo
from dualgeo.errors import DualGeoError
from dualgeo.params import load_params
from dualgeo.serving.locate import Location, Locator
from dualgeo.serving.standing import best_cell
from dualgeo.workspace import Cell, Workspace


def locate_photos(workspace: Workspace, photos: list[Path], system: str, candidates: int, as_json: bool) -> int:
    """Locate each photo and print the answer; a photo that cannot be read is said and the others go on.

    Returns the exit status: 0, or 1 when a photo could not be located. JSON is one object a line in input order.
    """
    params = load_params(workspace.params)
    cell = Cell.parse(system) if system else best_cell(workspace, params)
    locator = Locator.of_cell(workspace, params, cell)
    failed = 0
    for path in photos:
        try:
            location = locator.locate(load_photo(path))
        except DualGeoError as error:
            failed += 1
            if as_json:
                print(json.dumps({"photo": str(path), "error": str(error)}, ensure_ascii=False))
            else:
                print(f"dualgeo: {error}", file=sys.stderr)
            continue
        if as_json:
            print(json.dumps(as_document(str(path), cell.name, location, candidates), ensure_ascii=False))
        else:
            _print(path, cell, location, candidates)
    return 1 if failed else 0


def as_document(photo: str, system: str, location: Location, candidates: int) -> dict[str, object]:
    """The answer as JSON-ready values; degrees to 6 decimals (0.1 m), km to 3."""
    return {
        "photo": photo,
        "lat": round(location.lat, 6),
        "lon": round(location.lon, 6),
        "place": location.place.city,
        "country": location.place.code,
        "radius_km": {f"{coverage:g}": round(radius, 3) for coverage, radius in location.radius_km.items()},
        "system": system,
        "stand_in_encoders": location.stand_in,
        "candidates": [
            {
                "photo_id": c.photo_id,
                "lat": round(c.lat, 6),
                "lon": round(c.lon, 6),
                "similarity": round(c.similarity, 4),
                "cluster": c.cluster,
            }
            for c in location.candidates[:candidates]
        ],
    }


def _print(path: Path, cell: Cell, location: Location, candidates: int) -> None:
    console = Console()
    console.print(
        f"[bold]{path.name}[/bold]  {location.lat:.4f}, {location.lon:.4f}  {location.place}", highlight=False
    )
    for coverage, radius in location.radius_km.items():
        console.print(
            f"  within {radius:,.0f} km in {coverage:.0%} of photos like the validation photos", highlight=False
        )
    if not location.radius_km:
        console.print("  no radius: there were no validation photos to calibrate it on")
    if location.stand_in:
        console.print("  [yellow]The encoders are stand-ins made for the drawn scenes of Atlas.[/yellow]")
        console.print("  [yellow]On a real photo this answer says nothing about where it was taken.[/yellow]")
    if candidates and location.candidates:
        table = Table(
            "candidate", "lat", "lon", "similarity", "cluster", title=f"asked {cell.name}", title_justify="left"
        )
        for c in location.candidates[:candidates]:
            cluster = str(c.cluster) if c.cluster >= 0 else "-"
            table.add_row(c.photo_id, f"{c.lat:.4f}", f"{c.lon:.4f}", f"{c.similarity:.3f}", cluster)
        console.print(table)
