"""`dualgeo reproduce` brings recorded runs back and says where it cannot."""

import os
import re
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dualgeo.errors import DualGeoError
from dualgeo.lineage.reproduce.command import reproduce_run
from dualgeo.lineage.reproduce.packages import differing_packages
from dualgeo.workspace import Workspace
from tests.lineage.conftest import History
from tests.lineage.toy import SCRIPTS, Project, record, store_of


@pytest.fixture
def reproduce(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Exit status of a reproduction and what it prints."""

    def reproduced(project: Project, what: str, *, rerun: bool = False, keep: bool = False) -> tuple[int, str]:
        for name, value in project.environment().items():
            monkeypatch.setenv(name, value)
        capfd.readouterr()
        status = reproduce_run(Workspace(project.root), what, rerun, keep)
        return status, "".join(capfd.readouterr())

    return reproduced


def contents(root: Path) -> dict[str, bytes]:
    """Every file of the project but what reproduce may write: its folder, git's own files, DVC's scratch."""
    left_out = (".dualgeo/", ".git/", ".site/", ".dvc/tmp/", "mlruns/")
    files = (path for path in root.rglob("*") if path.is_file())
    named = {path.relative_to(root).as_posix(): path for path in files}
    return {name: path.read_bytes() for name, path in named.items() if not name.startswith(left_out)}


def worktrees(project: Project) -> int:
    return len(project.call("git", "worktree", "list").splitlines())


def test_a_run_of_ten_commits_ago_is_restored_bit_for_bit(history: History, copied: Project, reproduce) -> None:
    before = contents(copied.root)
    status, said = reproduce(copied, history.first_score)
    assert status == 0, said
    assert "all 13 figures are equal bit for bit" in said
    assert "Restored: data.dvc, validate, embed, train@dual-0, refine@dual-0, score@dual-0." in said
    assert "Run again" not in said
    assert contents(copied.root) == before
    assert worktrees(copied) == 1
    assert copied.call("git", "status", "--porcelain") == ""


def test_a_run_of_ten_commits_ago_is_computed_again_by_its_own_code(
    history: History, copied: Project, reproduce
) -> None:
    before = contents(copied.root)
    status, said = reproduce(copied, history.first_score, rerun=True)
    assert status == 0, said
    assert "Run again: validate, embed, train@dual-0, refine@dual-0, score@dual-0." in said
    assert "Restored: data.dvc." in said
    assert "all 13 figures are equal bit for bit" in said
    assert re.search(r"Packages of other versions .*rich .*\(then 0\.1\)", said)
    assert contents(copied.root) == before, "not even DVC's cache has changed"
    status, said = reproduce(copied, history.first_training[:10])
    assert status == 0, said
    assert "train@dual-0 of run" in said and "all 3 figures" in said


def test_a_cell_means_its_current_run(history: History, copied: Project, reproduce) -> None:
    status, said = reproduce(copied, "score/dual-0", keep=True)
    assert status == 0, said
    run_id = copied.run_id("score@dual-0")
    assert f"score@dual-0 of run {run_id}" in said
    kept = copied.root / ".dualgeo/reproduce" / run_id[:12]
    assert (kept / "scores/dual-0/metrics.json").read_bytes() == (
        copied.root / "scores/dual-0/metrics.json"
    ).read_bytes()
    assert "up to date" in copied.call("dvc", "status"), "DVC in the workspace does not see the worktree"
    assert copied.call("git", "status", "--porcelain") == ""
    assert reproduce(copied, "score@dual-0")[0] == 0, "a kept worktree is taken up"
    assert not kept.exists() and worktrees(copied) == 1


def test_what_the_cache_lost_is_run_again_and_raw_data_are_made_again(
    history: History, copied: Project, reproduce
) -> None:
    shutil.rmtree(copied.root / ".dvc/cache")
    status, said = reproduce(copied, history.first_score)
    assert status == 0, said
    assert "Making the raw data again: python work.py data" in said
    assert "Run again: data.dvc, validate, embed, train@dual-0, refine@dual-0, score@dual-0." in said


def test_what_the_cache_lost_comes_from_a_remote_without_telling_its_secrets(
    history: History, copied: Project, tmp_path: Path, reproduce
) -> None:
    copied.call("dvc", "remote", "add", "--local", "store", "../a remote")
    copied.call("dvc", "remote", "add", "--local", "-d", "shut", "http://127.0.0.1:9/none")
    copied.call("dvc", "remote", "modify", "--local", "shut", "password", "s3cret")
    copied.call("dvc", "push", "--quiet", "--remote", "store", "--all-commits")
    assert (tmp_path / "a remote").is_dir()
    shutil.rmtree(copied.root / ".dvc/cache")
    status, said = reproduce(copied, history.first_score, keep=True)
    assert status == 0, said
    assert "Run again" not in said
    assert "s3cret" not in said
    [settings] = copied.root.glob(".dualgeo/reproduce/*/.dvc/config.local")
    assert "s3cret" in settings.read_text()
    assert settings.stat().st_mode & 0o077 == 0


def test_raw_data_that_nobody_has_are_a_sentence(copied: Project, reproduce) -> None:
    pinned = (copied.root / "data.dvc").read_text()
    copied.write("data.dvc", pinned.replace("meta: {command: python work.py data}\n", ""))
    (copied.root / "data/atlas").rename(copied.root / "data/mine")
    copied.replace("params.yaml", "dataset: atlas", "dataset: mine")
    copied.replace("work.py", "data/atlas", "data/mine")
    copied.call("dvc", "add", "--quiet", "data")
    copied.call("dvc", "repro", "--quiet", "score@dual-0")
    run_id = record(copied, "score@dual-0", copied.commit("Data of my own"))
    shutil.rmtree(copied.root / ".dvc/cache")
    with pytest.raises(DualGeoError, match=r"raw data that the run was made from .* `dvc add data`, then repeat"):
        reproduce(copied, run_id)


def test_a_stage_that_is_not_deterministic_is_named(copied: Project, reproduce) -> None:
    copied.replace("work.py", "cell * epoch)", "cell * epoch + (os.urandom(8).hex() if epoch == 2 else ''))")
    # The usual formula has few values: two draws would sometimes give the same.
    copied.replace("code/formula.py", "sum(map(ord, text)) % 991", "__import__('zlib').crc32(text.encode()) % 99991")
    commit = copied.commit("Luck in the second epoch")
    copied.call("dvc", "repro", "--quiet", "--force", "score@dual-0")
    run_id = record(copied, "score@dual-0", commit)
    status, said = reproduce(copied, run_id, rerun=True)
    assert status == 1
    assert "The first stage that gave other outputs is train@dual-0." in said
    recorded = store_of(copied).get_run(run_id).data.metrics["atlas/acc_25"]
    assert re.search(rf"atlas/acc_25 +{re.escape(str(recorded))} +\d+\.\d+ +[+-]\d", said), said
    assert re.search(r"\d+ of 13 figures differ", said)
    assert worktrees(copied) == 1
    status, said = reproduce(copied, record(copied, "train@dual-0", commit), rerun=True)
    assert status == 1
    assert "2 of 3 figures differ (epoch 2 loss, data version)" in said


def test_a_dirty_run_is_made_from_its_patch(copied: Project, reproduce) -> None:
    commit = copied.call("git", "rev-parse", "HEAD").strip()
    copied.replace("code/formula.py", "% 991", "% 983 ** 1")
    copied.write("params.yaml", (copied.root / "params.yaml").read_text() + "# a comment with an ümlaut\n")
    copied.call("dvc", "repro", "--quiet", "score@dual-0")
    patch = copied.call("git", "diff", "--binary", "HEAD", "--", ".", ":(exclude)dvc.lock", ":(exclude)*.dvc").encode()
    run_id = record(copied, "score@dual-0", commit, patch=patch)
    copied.call("git", "checkout", "--quiet", "--", ".")
    status, said = reproduce(copied, run_id, rerun=True)
    assert status == 0, said
    assert "Not as dvc.lock recorded them" not in said
    torn = record_again(copied, run_id, patch.replace(b"% 991", b"% 992"))
    with pytest.raises(DualGeoError, match=r"changes\.patch of run .* does not apply"):
        reproduce(copied, torn)
    assert worktrees(copied) == 1
    client = store_of(copied)
    bare = client.create_run(client.get_run(run_id).info.experiment_id, tags=kept_tags(copied, run_id))
    client.log_text(bare.info.run_id, lock_of(copied, run_id), "provenance/dvc.lock")
    client.set_terminated(bare.info.run_id, "FINISHED")
    with pytest.raises(DualGeoError, match="is missing among its files"):
        reproduce(copied, bare.info.run_id)
    client.set_tag(bare.info.run_id, "dualgeo.patch", "too large")
    with pytest.raises(DualGeoError, match=r"was not kept \(too large\)"):
        reproduce(copied, bare.info.run_id)


def kept_tags(project: Project, run_id: str) -> dict[str, str]:
    tags = store_of(project).get_run(run_id).data.tags
    return {tag: value for tag, value in tags.items() if tag.startswith(("dualgeo.", "git.", "dvc."))}


def lock_of(project: Project, run_id: str) -> str:
    return Path(store_of(project).download_artifacts(run_id, "provenance/dvc.lock")).read_text()


def record_again(project: Project, run_id: str, patch: bytes) -> str:
    """The same run with another patch."""
    client = store_of(project)
    made = client.create_run(client.get_run(run_id).info.experiment_id, tags=kept_tags(project, run_id)).info.run_id
    client.log_text(made, lock_of(project, run_id), "provenance/dvc.lock")
    client.log_text(made, patch.decode(errors="ignore"), "provenance/changes.patch")
    client.set_terminated(made, "FINISHED")
    return made


def test_a_run_recorded_afterwards_takes_the_commit_that_pinned_its_result(
    history: History, copied: Project, reproduce
) -> None:
    run_id = record(copied, "score@image-0", "")
    status, said = reproduce(copied, run_id)
    assert status == 0, said
    assert "The run names no commit; " in said
    copied.replace("params.yaml", "seed: 10", "seed: 77")
    copied.call("dvc", "repro", "--quiet", "score@image-0")
    with pytest.raises(DualGeoError, match=r"names no commit .* commit dvc\.lock, then repeat"):
        reproduce(copied, record(copied, "score@image-0", ""))


def test_bad_input_is_a_sentence_and_leaves_nothing(history: History, copied: Project, reproduce) -> None:
    client = store_of(copied)
    experiment = client.get_run(history.first_score).info.experiment_id
    gone = client.create_run(experiment, tags=kept_tags(copied, history.first_score) | {"git.commit": "f" * 40})
    client.set_terminated(gone.info.run_id, "FINISHED")
    failed = client.create_run(experiment, tags=kept_tags(copied, history.first_score))
    client.set_terminated(failed.info.run_id, "FAILED")
    for what, said in (
        ("0" * 32, "There is no MLflow run 0000"),
        ("score@nobody-0", "is no MLflow run id, and no current run recorded score@nobody-0"),
        (gone.info.run_id, "Commit ffff.* is not in this repository"),
        (failed.info.run_id, "is FAILED: it recorded no result"),
    ):
        with pytest.raises(DualGeoError, match=said):
            reproduce(copied, what)
    in_the_way = copied.root / ".dualgeo/reproduce" / history.first_score[:12]
    in_the_way.mkdir(parents=True)
    (in_the_way / "notes.txt").write_text("mine")
    with pytest.raises(DualGeoError, match="is in the way"):
        reproduce(copied, history.first_score)
    assert (in_the_way / "notes.txt").read_text() == "mine"
    shutil.rmtree(copied.root / ".git")
    with pytest.raises(DualGeoError, match="no git history"):
        reproduce(copied, history.first_score)
    shutil.rmtree(copied.root / "mlruns")
    with pytest.raises(DualGeoError, match="no MLflow store here"):
        reproduce(copied, history.first_score)
    assert worktrees_below(copied) == []


def worktrees_below(project: Project) -> list[Path]:
    return list(project.root.glob(".dualgeo/reproduce/*/dvc.yaml"))


def test_without_git_there_is_a_sentence(history: History, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    said = history.project.call(
        "env", "-i", f"PATH={tools}", str(SCRIPTS / "dualgeo"), "reproduce", history.first_score, fails=True
    )
    assert said.startswith("dualgeo: ") and "git" in said
    assert len(said.splitlines()) == 1


def test_a_full_disk_and_a_failing_stage_are_told_and_the_work_goes_on(
    history: History, copied: Project, reproduce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_FULL", "refine")
    with pytest.raises(DualGeoError, match="refine@dual-0 could not be run: the disk is full"):
        reproduce(copied, history.first_score, rerun=True)
    monkeypatch.delenv("TOY_FULL")
    status, said = reproduce(copied, history.first_score, rerun=True)
    assert status == 0
    assert "Going on in" in said
    assert "Running train@dual-0" not in said and "Running refine@dual-0" in said
    assert "Run again: validate, embed, train@dual-0, refine@dual-0, score@dual-0." in said


def test_ctrl_c_ends_the_stage_and_the_same_command_goes_on(history: History, copied: Project, reproduce) -> None:
    top = copied.root / ".dualgeo/reproduce" / history.first_score[:12]
    with copied.start("dualgeo", "reproduce", history.first_score, "--rerun", TOY_SLOW="embed@") as process:
        deadline = time.monotonic() + 90
        while not (top / "started").exists() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.1)
        with pytest.raises(DualGeoError, match="Another call is reproducing"):
            reproduce(copied, history.first_score)
        # A terminal's Ctrl-C reaches the whole group; what runs in a group of its own must still end.
        os.kill(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "Stopped. The same command goes on" in said
    running = [path for path in Path("/proc").glob("[0-9]*/cwd") if links_to(path, top)]
    assert running == [], "the stage has ended too"
    status, said = reproduce(copied, history.first_score, rerun=True)
    assert status == 0
    assert "Going on in" in said and "Running validate" not in said
    assert worktrees(copied) == 1


def links_to(path: Path, folder: Path) -> bool:
    try:
        return path.readlink().is_relative_to(folder)
    except OSError:
        return False


def test_two_different_runs_at_once(history: History, copied: Project, capfd: pytest.CaptureFixture[str]) -> None:
    with ThreadPoolExecutor(2) as both:
        runs = (history.first_score, history.first_training)
        assert list(both.map(lambda run: reproduce_run(Workspace(copied.root), run), runs)) == [0, 0]
    assert capfd.readouterr().out.count("equal bit for bit") == 2
    assert worktrees(copied) == 1


def test_packages_are_compared_with_the_lock_file(tmp_path: Path) -> None:
    assert differing_packages(tmp_path) is None
    (tmp_path / "requirements.lock").write_text(
        "# versions\nrich==0.1\nno-such-package==2\ndvc[all]==3.67.1 ; a\n-e .\n"
    )
    assert [line.split()[0] for line in differing_packages(tmp_path) or []] == ["rich", "no-such-package"]
