"""The command line. Every command imports what it needs when it runs, so that help comes at once."""

import sys

from dualgeo.cli import lmm, photos, pipeline, records, results
from dualgeo.cli.app import app
from dualgeo.errors import DualGeoError

__all__ = ["app", "lmm", "main", "photos", "pipeline", "records", "results"]


def main() -> None:
    """Run the command line; what the user can mend is one sentence on standard error and exit status 1."""
    try:
        app()
    except DualGeoError as error:
        print(f"dualgeo: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("dualgeo: stopped; the same command goes on from here.", file=sys.stderr)
        sys.exit(130)
