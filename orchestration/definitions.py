"""What `dagster dev` loads: everything comes from dvc.yaml, so there is nothing to add here for a new stage."""

from pathlib import Path

from orchestration.build import build_definitions

defs = build_definitions(Path(__file__).resolve().parent.parent)
