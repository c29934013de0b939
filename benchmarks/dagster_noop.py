"""What it costs to find out through Dagster that nothing is out of date, against `dvc repro` itself.

`python benchmarks/dagster_noop.py` on a project in which everything has run; prints seconds of each and the ratio.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = 5
DVC = ["dvc", "repro"]
DAGSTER = ["dagster", "asset", "materialize", "--select", "*", "-m", "orchestration.definitions"]


def seconds(command: list[str]) -> float:
    """Wall seconds of one run; exits where it fails or something was out of date after all."""
    program = Path(sys.executable).with_name(command[0])
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "DAGSTER_DISABLE_TELEMETRY": "1"}
    begun = time.monotonic()
    done = subprocess.run([program, *command[1:]], cwd=ROOT, env=environment, capture_output=True, text=True)
    took = time.monotonic() - begun
    said = done.stdout + done.stderr
    if done.returncode or "Running stage" in said:
        sys.exit(
            f"`{' '.join(command)}` failed or had something to run; bring everything up to date first.\n{said[-800:]}"
        )
    return took


def main() -> None:
    """Both in turn, so that a machine that gets slower slows both."""
    pairs = [(seconds(DVC), seconds(DAGSTER)) for _ in range(RUNS)]
    dvc, dagster = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"dvc repro: {dvc:.2f} s; through Dagster: {dagster:.2f} s (median of {RUNS})")
    print(f"ratio {dagster / dvc:.2f}; 3 x dvc repro + 3 s would be {3 * dvc + 3:.2f} s")


if __name__ == "__main__":
    main()
