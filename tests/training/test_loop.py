"""Training: it learns, goes on after kill -9 to the same weights, and two ranks do what one does."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from dualgeo.errors import DualGeoError
from dualgeo.training.distributed import Ranks
from dualgeo.training.loop import curve_csv, train
from tests.model.made_views import PARAMS, config_of, made_photos

SETTINGS = PARAMS.train.model_copy(
    update={"epochs": 6, "batch": 32, "learning_rate": 1e-3, "checkpoint_every": 1, "device": "cpu"}
)
ALONE = Ranks(0, 1)


def _train(folder: Path, checkpoints: Path, settings=SETTINGS, variant="dual", hook=lambda epoch, losses: None):
    photos = made_photos(folder).part(["gallery"])
    return train(config_of(variant), settings, photos, checkpoints, ALONE, hook)


@pytest.mark.parametrize("variant", ["image", "segmentation", "dual-no-attention", "dual"])
def test_the_loss_falls_for_every_variant(variant: str, tmp_path: Path) -> None:
    _, curve = _train(tmp_path, tmp_path / "checkpoints", variant=variant)
    assert curve[-1]["loss"] < 0.8 * curve[0]["loss"]
    assert [row["epoch"] for row in curve] == [1, 2, 3, 4, 5, 6]
    assert curve_csv(curve).splitlines()[0].startswith("epoch,loss,")


def test_two_trainings_of_one_seed_give_the_same_weights(tmp_path: Path) -> None:
    one, _ = _train(tmp_path / "a", tmp_path / "a" / "checkpoints")
    two, _ = _train(tmp_path / "b", tmp_path / "b" / "checkpoints")
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True))


def test_a_training_that_was_cut_off_ends_with_the_same_weights(tmp_path: Path) -> None:
    whole, whole_curve = _train(tmp_path, tmp_path / "undisturbed")

    class Cut(Exception):
        pass

    def cut(epoch: int, losses: dict[str, float]) -> None:
        if epoch == 4:
            raise Cut

    with pytest.raises(Cut):
        _train(tmp_path, tmp_path / "cut", hook=cut)
    told: list[int] = []
    resumed, curve = _train(tmp_path, tmp_path / "cut", hook=lambda epoch, losses: told.append(epoch))
    assert curve == whole_curve
    assert told == [1, 2, 3, 4, 5, 6]
    for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_a_checkpoint_of_other_settings_or_half_a_file_is_not_used(tmp_path: Path) -> None:
    expected, _ = _train(tmp_path, tmp_path / "fresh")
    _train(tmp_path, tmp_path / "used", SETTINGS.model_copy(update={"learning_rate": 0.1}))
    again, _ = _train(tmp_path, tmp_path / "used")
    broken = tmp_path / "broken" / "checkpoint.pt"
    broken.parent.mkdir()
    broken.write_bytes((tmp_path / "used" / "checkpoint.pt").read_bytes()[:500])
    after_broken, _ = _train(tmp_path, tmp_path / "broken")
    for a, b, c in zip(*(s.state_dict().values() for s in (expected, again, after_broken)), strict=True):
        assert torch.equal(a, b) and torch.equal(a, c)


def test_a_loss_that_is_not_finite_stops_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DualGeoError, match=r"lower train\.learning_rate"):
        _train(tmp_path, tmp_path / "checkpoints", SETTINGS.model_copy(update={"learning_rate": 1e18}))


def test_half_precision_learns_too(tmp_path: Path) -> None:
    _, curve = _train(tmp_path, tmp_path / "checkpoints", SETTINGS.model_copy(update={"precision": "bf16"}))
    assert curve[-1]["loss"] < 0.8 * curve[0]["loss"]


SCRIPT = """
import json, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from dualgeo.training.distributed import process_group
from dualgeo.training.loop import train
from tests.model.made_views import config_of, made_photos
from tests.training.test_loop import SETTINGS
folder = Path(sys.argv[1])
model = config_of("dual").model.model_copy(update={"dropout": 0.0})
with process_group() as ranks:
    photos = made_photos(folder / f"rank{ranks.rank}").part(["gallery"])
    settings = SETTINGS.model_copy(update={"batch": 16, "epochs": 4})
    hook = lambda epoch, losses: print("epoch", epoch, flush=True)
    _, curve = train(config_of("dual", model), settings, photos, folder / "checkpoints", ranks, hook)
    if ranks.first:
        (folder / "curve.json").write_text(json.dumps(curve))
"""


def _environment(project: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(project), **more}


def test_two_ranks_follow_the_loss_curve_of_one(tmp_path: Path, project: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "0"]
    one = subprocess.run(
        [sys.executable, script, tmp_path / "one"], env=_environment(project), capture_output=True, text=True
    )
    assert one.returncode == 0, one.stderr
    two = subprocess.run(
        [*torchrun, "--standalone", script, tmp_path / "two"],
        env=_environment(project, OMP_NUM_THREADS="1"),
        capture_output=True,
        text=True,
    )
    assert two.returncode == 0, two.stderr
    alone, shared = (json.loads((tmp_path / name / "curve.json").read_text()) for name in ("one", "two"))
    for a, b in zip(alone, shared, strict=True):
        assert b == pytest.approx(a, rel=1e-4)


def test_kill_9_in_the_middle_of_training_costs_nothing_but_time(tmp_path: Path, project: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)

    def start(folder: Path) -> subprocess.Popen[str]:
        command = [sys.executable, script, folder]
        return subprocess.Popen(command, env=_environment(project), stdout=subprocess.PIPE, text=True)

    assert start(tmp_path / "whole").wait(timeout=120) == 0
    cut = start(tmp_path / "cut")
    assert cut.stdout is not None
    while "epoch 2" not in cut.stdout.readline():
        time.sleep(0)
    cut.send_signal(signal.SIGKILL)
    assert cut.wait(timeout=30) == -signal.SIGKILL
    assert not (tmp_path / "cut" / "curve.json").exists()
    assert start(tmp_path / "cut").wait(timeout=120) == 0
    whole, resumed = ((tmp_path / name / "curve.json").read_text() for name in ("whole", "cut"))
    assert resumed == whole
