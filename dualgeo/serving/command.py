"""`dualgeo locate`: answers for a person (a table) or for a program (JSON)."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from dualgeo.params import load_params
from dualgeo.serving.document import document_of
from dualgeo.serving.explain import explain
from dualgeo.serving.locate import Locator
from dualgeo.serving.printing import print_candidates, print_consultation, print_explanation, print_location
from dualgeo.serving.results import Found, asked, located
from dualgeo.serving.standing import best_cell
from dualgeo.workspace import Cell, Workspace


@dataclass(frozen=True)
class Wanted:
    """What is to be said about each photo."""

    candidates: int
    """How many to list."""
    as_json: bool
    explain: bool = False
    """Whether to say which clusters the candidates form and which one won."""
    ask: bool = False
    """Whether to put the photos to the configured model."""


def locate_photos(workspace: Workspace, photos: list[Path], system: str, wanted: Wanted) -> int:
    """Locate each photo and print the answer; a photo that cannot be read is said and the others go on.

    Returns the exit status: 0, or 1 when a photo could not be located. JSON is one object a line in input order.
    """
    params = load_params(workspace.params)
    cell = Cell.parse(system) if system else best_cell(workspace, params)
    if wanted.ask:
        from dualgeo.serving.asking import lmm_of

        lmm_of(params)  # refuses before anything is loaded
    locator = Locator.of_cell(workspace, params, cell)
    failed = 0
    for result in asked(workspace, params, locator, photos) if wanted.ask else located(locator, photos):
        found = result.found
        if isinstance(found, str):
            failed += 1
            _say_failure(result.path, found, wanted.as_json)
        else:
            _say(result.path, cell.name, found, wanted, locator)
    return 1 if failed else 0


def _say_failure(path: Path, reason: str, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"photo": str(path), "error": reason}, ensure_ascii=False))
    else:
        print(f"dualgeo: {reason}", file=sys.stderr)


def _say(path: Path, system: str, found: Found, wanted: Wanted, locator: Locator) -> None:
    refine = locator.params.refine
    reasons = explain(found.seen, found.retrieval, refine) if wanted.explain else None
    if wanted.as_json:
        document = document_of(str(path), system, found, wanted.candidates, reasons)
        print(json.dumps(document, ensure_ascii=False))
        return
    console = Console()
    print_location(console, path, found.location)
    print_candidates(console, system, found.location, wanted.candidates)
    if reasons is not None:
        print_explanation(console, reasons, refine.eps_km)
    if found.consultation is not None:
        print_consultation(console, found.consultation)
