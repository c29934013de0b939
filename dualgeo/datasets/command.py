"""`dualgeo ingest`: bring a folder in and say what came of it and what to do next."""

from pathlib import Path

from dualgeo.datasets.folder import IngestOptions, ingest
from dualgeo.workspace import Workspace


def ingest_folder(workspace: Workspace, source: Path, options: IngestOptions) -> None:
    """Ingest `source` as data/<name> and print the outcome."""
    report = ingest(source, workspace.data(options.name), options)
    for sentence in report.sentences():
        print(sentence)
    print(f"Next: dvc add data && dualgeo profile photos dataset={options.name} && dvc repro")
