"""`make demo` and `make study`: data, pipeline, records and results, one after the other, with what each took.

Runs in .venv; `demo.py study` runs the robustness study instead of the report.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
PINNED = ROOT / "data.dvc"
GOALS = {"demo": ("report", "show"), "study": ("study", "verdict")}
"""What `make` is asked for -> the stage to bring up to date, and the command that prints its results."""


def main(goal: str) -> None:
    """Do all of it; whatever was done before is not done again. The first tool that fails ends it."""
    begun = time.monotonic()
    stage, results = GOALS[goal]
    before = pin()
    if yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["dataset"] == "atlas":
        step("Drawing the Atlas world", "dualgeo", "atlas")
    step("Pinning the data", "dvc", "--wait-for-lock", "add", "--quiet", "data")
    if before not in (None, pin()):
        say(f"  These data are not the ones that data.dvc pinned ({before}); results will differ.")
    step("Running what is out of date", "dvc", "--wait-for-lock", "repro", stage)
    step("Recording in MLflow", "dualgeo", "track")
    say(f"Done in {time.monotonic() - begun:.0f} s.\n")
    step("", "dualgeo", results)


def step(title: str, tool: str, *arguments: str) -> None:
    """Run one tool of this environment; its failure, which it has explained, ends all."""
    begun = time.monotonic()
    if title:
        say(f"{title} ({tool} {' '.join(arguments)})")
    status = subprocess.run([Path(sys.executable).with_name(tool), *arguments], cwd=ROOT, check=False).returncode
    if status != 0:
        sys.exit(f"`{tool} {' '.join(arguments)}` failed; once that is mended, the same command goes on from here.")
    if title:
        say(f"  took {time.monotonic() - begun:.0f} s")


def pin() -> str | None:
    """The digest of data/ that data.dvc names."""
    if not PINNED.exists():
        return None
    return str(yaml.safe_load(PINNED.read_text(encoding="utf-8"))["outs"][0]["md5"])


def say(line: str) -> None:
    """Print one line of progress."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("goal", nargs="?", choices=GOALS, default="demo")
    try:
        main(parser.parse_args().goal)
    except KeyboardInterrupt:
        sys.exit("Stopped; the same command goes on from here.")
