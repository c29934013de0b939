"""Params of the made project, for a process that must load nothing heavy."""

from pathlib import Path

import yaml

from dualgeo.params import Params
from dualgeo.workspace import Cell

CELL = Cell("dual", 0)
_document = yaml.safe_load((Path(__file__).resolve().parents[2] / "params.yaml").read_text(encoding="utf-8"))
PARAMS = Params.model_validate(_document | {"dataset": "made"})
