"""`make demo` and `make study`: data, pipeline, records and results, one after the other, with what each took.

Runs in .venv; `demo.py study` runs the robustness study instead of the report.
"""

import subprocess
import sys
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
PINNED = ROOT / "data.dvc"
GOALS = {"demo": ("report", "show"), "study": ("study", "verdict")}
"""What `make` is asked for -> the stage to bring up to date, and the command that prints its results."""
GOAL = sys.argv[1] if len(sys.argv) > 1 else "demo"


def main() -> None:
    """Do all of it; whatever was done before is not done again."""
    begun = time.monotonic()
    stage, results = GOALS[GOAL]
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
        sys.exit(f"`{tool} {' '.join(arguments)}` failed; once that is mended, `make {GOAL}` goes on from here.")
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
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(f"Stopped; `make {GOAL}` goes on from here.")
