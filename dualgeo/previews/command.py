"""`dualgeo preview ADDRESS...`: a picture of what each node holds, below .dualgeo/previews."""

import re
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from dualgeo.errors import DualGeoError
from dualgeo.files import write_text
from dualgeo.params import load_params
from dualgeo.previews.material import Material, NotMade
from dualgeo.previews.pictures import CELL_PICTURES, PICTURES
from dualgeo.progress import say
from dualgeo.report.words import count
from dualgeo.workspace import Cell, Workspace

ADDRESS = re.compile(r"(?P<stage>[A-Za-z0-9_-]+)(?:\.dvc|@(?P<cell>[A-Za-z0-9_.-]+))?")


@dataclass(frozen=True)
class Address:
    """A node as DVC names it: `data.dvc`, `report`, `train@dual-0`."""

    text: str
    stage: str
    cell: str

    @staticmethod
    def parse(text: str) -> "Address":
        """Raises DualGeoError where `text` is no address, or lacks or has a cell against what its stage has."""
        match = ADDRESS.fullmatch(text)
        if match is None:
            raise DualGeoError(f"'{text}' is no address; write it as DVC does: data.dvc, report, train@dual-0.")
        address = Address(text, match["stage"], match["cell"] or "")
        if address.stage in CELL_PICTURES:
            if not address.cell:
                raise DualGeoError(f"'{text}' lacks a cell; write for example {text}@dual-0.")
            Cell.parse(address.cell)
        elif address.stage in PICTURES and address.cell:
            raise DualGeoError(f"'{text}': {address.stage} has no cells; write {address.stage}.")
        return address


def preview(workspace: Workspace, addresses: list[str]) -> int:
    """Write the picture of every address to .dualgeo/previews/<address>.svg, whole or not at all.

    An address whose outputs are missing or unreadable, or whose stage has no picture, is said and left without one;
    the others go on. Returns the exit status: 1 where an address was malformed, else 0.
    """
    material = Material(workspace, load_params(workspace.params))
    written, without, malformed = 0, 0, 0
    for text in addresses:
        try:
            address = Address.parse(text)
        except DualGeoError as error:
            say(f"preview: {error}")
            malformed += 1
            continue
        if _write(material, address):
            written += 1
        else:
            without += 1
    say(f"preview: {count(written, 'picture')} in .dualgeo/previews, {without} without, {malformed} malformed")
    return 1 if malformed else 0


def preview_after_run(workspace: Workspace, stage: str, cell: str) -> None:
    """Draw what a stage that has just ended made, while its libraries are loaded; what goes wrong is only said."""
    try:
        preview(workspace, [f"{stage}@{cell}" if cell else stage])
    except Exception as error:
        say(f"preview: none ({type(error).__name__}: {error})")


def preview_path(workspace: Workspace, address: str) -> Path:
    """Where the picture of an address lies."""
    return workspace.root / ".dualgeo" / "previews" / f"{address}.svg"


def _write(material: Material, address: Address) -> bool:
    """Draw one picture, or say why there is none and remove an older one, which would show what is gone."""
    path = preview_path(material.workspace, address.text)
    picture, reason = None, ""
    try:
        picture = _draw(material, address)
    except (NotMade, DualGeoError) as error:
        reason = str(error)
    except (KeyError, TypeError, ValueError, OSError) as error:
        # Outputs of another version may lack what is read here: that one node has no picture, the others have.
        reason = f"its outputs are not as expected ({type(error).__name__}: {error})"
    if picture is None:
        path.unlink(missing_ok=True)
        say(f"preview {address.text}: no picture, {reason}")
        return False
    write_text(path, str(picture))
    say(f"preview {address.text}: {path.stat().st_size / 1000:.0f} kB")
    return True


def _draw(material: Material, address: Address) -> Markup:
    if address.stage in PICTURES:
        return PICTURES[address.stage](material)
    if address.stage in CELL_PICTURES:
        return CELL_PICTURES[address.stage](material, Cell.parse(address.cell))
    raise NotMade(f"the stage {address.stage} has none")
