"""`dualgeo lineage` finds what it is asked for and tells the truth about it."""

import hashlib
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from dualgeo.errors import DualGeoError
from dualgeo.lineage.command import show_lineage
from dualgeo.lineage.history import Commit
from dualgeo.lineage.history import History as Past
from dualgeo.lineage.project import Project as Seen
from dualgeo.lineage.targets import resolve
from dualgeo.tracking.store import tracking_uri
from dualgeo.workspace import Workspace
from tests.lineage.conftest import DAGSTER_RUN, History
from tests.lineage.toy import Project


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]):
    """What `dualgeo lineage WHAT` prints, as JSON unless another form is named."""

    def asked(project: Project, what: str, form: str = "json"):
        capsys.readouterr()
        show_lineage(Workspace(project.root), what, form)
        said = capsys.readouterr().out
        return json.loads(said) if form == "json" else said

    return asked


def roots(project: Project, what: str) -> list[str]:
    return [address for _, address in resolve(Seen(project.root), what).roots]


def states(told: dict) -> dict[str, str]:
    return {node["address"]: node["workspace"]["state"] for node in told["nodes"]}


def test_every_way_to_ask_leads_to_the_entries_meant(history: History) -> None:
    project = history.project
    root = project.root
    for what in ("scores/dual-0/metrics.json", "scores/dual-0", f"{root}/scores/dual-0/queries.parquet"):
        assert roots(project, what) == ["score@dual-0"]
    assert roots(project, "score@dual-0") == roots(project, "score/dual-0") == ["score@dual-0"]
    assert roots(project, "data") == roots(project, "data.dvc") == roots(project, "data/atlas/photos.parquet")
    assert roots(project, "data") == ["data.dvc"]
    assert roots(project, "cache/features/00000.arrow") == roots(project, "embed") == ["embed"]
    assert roots(project, "reports/index.html") == roots(project, "report") == ["report"]
    assert set(roots(project, "train")) == set(roots(project, "models")) == {"train@image-0", "train@dual-0"}
    assert roots(project, "atlas-night/dual") == ["score@dual-0"]
    assert roots(project, "atlas/image only") == ["score@image-0"]
    assert roots(project, history.first_score) == ["score@dual-0"]
    assert roots(project, project.entry("embed").data_version) == ["embed"]
    assert roots(project, history.first_version) == ["score@dual-0"]
    assert roots(project, DAGSTER_RUN) == ["score@dual-0"]


def test_paths_are_taken_from_where_the_user_is(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(history.project.root / "scores")
    assert roots(history.project, "dual-0/metrics.json") == ["score@dual-0"]
    assert roots(history.project, "../models/dual-0") == ["train@dual-0"]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("nothing", "'nothing' is no output, stage, report row"),
        ("atlas/nobody", r"a report row \(atlas/"),
        ("code/formula.py", "is no output of a stage; it is read by .*score"),
        ("params.yaml", "is no output of a stage"),
        ("../elsewhere", "is no output"),
        ("0" * 32, "There is no MLflow run 0000.*`dualgeo track`"),
        ("0" * 16, "is no output"),
        ("00000000-0000-0000-0000-000000000000", "No MLflow run names the Dagster run"),
    ],
)
def test_what_is_not_known_is_said_in_a_sentence(history: History, what: str, said: str) -> None:
    with pytest.raises(DualGeoError, match=said):
        resolve(Seen(history.project.root), what)


def test_json_states_every_digest_and_edge(history: History, ask) -> None:
    project = history.project
    told = ask(project, "scores/dual-0/metrics.json")
    nodes = {node["address"]: node for node in told["nodes"]}
    assert set(nodes) == {"score@dual-0", "refine@dual-0", "train@dual-0", "embed", "validate", "data.dvc"}
    assert set(states(told).values()) == {"matches"}
    for file in ("scores/dual-0/metrics.json", "scores/dual-0/queries.parquet"):
        md5 = hashlib.md5((project.root / file).read_bytes()).hexdigest()
        assert {"path": file, "md5": md5} in nodes["score@dual-0"]["outs"]
    assert [code["path"] for code in nodes["train@dual-0"]["code"]] == ["code"]
    assert nodes["train@dual-0"]["params"] == {"params.yaml": {"train": {"epochs": 2, "rate": 0.001}}}
    assert nodes["train@dual-0"]["command"] == "python work.py train dual-0"
    read = {(edge["from"].split("#")[0], edge["to"].split("#")[0], edge["path"]) for edge in told["edges"]}
    assert ("refine@dual-0", "data.dvc", "data/atlas/photos.parquet") in read, "part of an output leads to what made it"
    assert ("train@dual-0", "embed", "cache/features") in read
    assert len(read) == len(told["edges"]) == 8
    assert nodes["score@dual-0"]["run"]["run_id"] == project.run_id("score@dual-0")
    assert nodes["score@dual-0"]["run"]["dirty"] is False
    assert nodes["refine@dual-0"]["run"] == {"note": "no run is recorded"}
    assert nodes["data.dvc"]["commit"]["subject"] == "The project"
    assert nodes["score@dual-0"]["commit"]["subject"] == "Change 10"
    assert nodes["embed"]["data_version"] == project.entry("embed").data_version


def test_folders_that_hold_outputs_lead_to_all_their_makers(history: History, ask) -> None:
    told = ask(history.project, "report")
    read = {(edge["path"], edge["to"].split("#")[0]) for edge in told["edges"] if edge["from"].startswith("report#")}
    assert read == {
        ("models", "train@dual-0"),
        ("models", "train@image-0"),
        ("scores", "score@dual-0"),
        ("scores", "score@image-0"),
    }


def test_a_report_row_shows_its_figures(history: History, ask) -> None:
    row = ask(history.project, "atlas-night/dual")["row"]
    metrics = json.loads((history.project.root / "scores/dual-0/metrics.json").read_text())["atlas-night"]
    figures = {figure["name"]: figure for figure in row["figures"]}
    assert figures["acc_25"] == {
        "name": "acc_25",
        "reported": metrics["acc"]["25"]["value"],
        "by_cell": {"dual-0": metrics["acc"]["25"]["value"]},
    }
    assert f"{metrics['median_km']:.10g}" in ask(history.project, "atlas-night/dual", "tree")


def test_the_tree_is_ascii_and_tells_a_node_once(history: History, ask) -> None:
    said = ask(history.project, "score@dual-0", "tree")
    assert said.isascii()
    assert len(re.findall(r"embed  [0-9a-f]{16}  \[matches\]", said)) == 1
    assert len(re.findall(r"data\.dvc  [0-9a-f]{16}", said)) == 1
    assert said.count("data.dvc  (see above)") == 3
    assert said.splitlines()[0].startswith("score@dual-0  ")
    assert "params: train.epochs=2, train.rate=0.001" in said
    assert f"MLflow run: {history.project.run_id('score@dual-0')} FINISHED, commit " in said
    order = [said.index(f"{name}  ") for name in ("score@dual-0", "refine@dual-0", "train@dual-0", "embed", "validate")]
    assert order == sorted(order)


def test_mermaid_keeps_to_the_grammar(copied: Project, ask) -> None:
    odd = 'reports/a "b" & <c> [d] #1; end.html'
    copied.replace("dvc.yaml", "outs: [reports/index.html]", f"outs: ['{odd}']")
    copied.replace("work.py", '"reports/index.html"', f"'{odd}'")
    copied.call("dvc", "repro", "--quiet")
    said = ask(copied, "report", "mermaid").splitlines()
    assert said[0] == "flowchart LR"
    node = r'    n\d+\["[\w@./<>#;+ -]+"\]:::\w+'
    edge = r'    n\d+ -->\|"[\w@./<>#; -]+"\| n\d+'
    style = r"    classDef \w+ [\w#:,-]+"
    assert all(re.fullmatch(f"{node}|{edge}|{style}", line) for line in said[1:]), said
    told = ask(copied, "report")
    assert sum("-->" in line for line in said) == len({(edge["from"], edge["to"]) for edge in told["edges"]})
    assert sum(":::" in line for line in said) == len(told["nodes"])


def test_an_older_run_is_traced_from_its_own_files(history: History, ask) -> None:
    told = ask(history.project, history.first_score)
    nodes = {node["address"]: node for node in told["nodes"]}
    assert nodes["score@dual-0"]["data_version"] == history.first_version
    assert nodes["score@dual-0"]["workspace"]["state"] == "not in this workspace"
    assert nodes["score@dual-0"]["commit"]["sha"] == history.pin_commit
    assert nodes["score@dual-0"]["run"]["commit"] == history.code_commit
    assert nodes["score@dual-0"]["params"]["params.yaml"]["score"] == {"seed": 0}
    assert nodes["train@dual-0"]["run"]["run_id"] == history.first_training
    assert nodes["data.dvc"]["workspace"]["state"] == "matches"


def test_an_older_run_without_files_is_traced_through_git(history: History, copied: Project, ask) -> None:
    client = MlflowClient(tracking_uri(Workspace(copied.root)))
    tags = {
        tag: value
        for tag, value in client.get_run(history.first_score).data.tags.items()
        if tag.startswith(("dualgeo.", "git.", "dvc."))
    }
    bare = client.create_run(client.get_run(history.first_score).info.experiment_id, tags=tags).info.run_id
    told = ask(copied, bare)
    assert told["notes"] == [f"Read from dvc.lock of commit {history.pin_commit[:12]} (Pin the first results)."]
    assert told["nodes"][0]["data_version"] == history.first_version
    lost = client.create_run("0", tags=tags | {"dualgeo.data_version": "f" * 16}).info.run_id
    with pytest.raises(DualGeoError, match="can no longer be traced"):
        ask(copied, lost)


def test_without_a_store_and_without_git_there_is_still_a_lineage(copied: Project, ask) -> None:
    shutil.rmtree(copied.root / "mlruns")
    shutil.rmtree(copied.root / ".git")
    told = ask(copied, "score@dual-0")
    assert told["nodes"][0]["run"]["note"] == "no run is recorded (there is no MLflow store here)"
    assert told["nodes"][0]["commit"]["note"] == "there is no git history here"
    assert not (copied.root / "mlruns").exists(), "looking makes nothing"


def test_the_workspace_is_held_against_what_was_recorded(copied: Project, ask) -> None:
    (copied.root / "refined/dual-0/predictions.parquet").unlink()
    (copied.root / "models/image-0/curve.csv").unlink()
    copied.write("models/image-0/curve.csv", "epoch,loss\n1,0.5\n")
    shutil.rmtree(copied.root / "cache/features")
    copied.replace("params.yaml", "strict: on", "strict: off")
    told = {node["address"]: node["workspace"] for node in ask(copied, "report")["nodes"]}
    assert told["refine@dual-0"] == {"state": "outputs changed", "reasons": ["refined/dual-0"]}
    assert told["train@image-0"] == {"state": "outputs changed", "reasons": ["models/image-0"]}
    assert told["embed"] == {"state": "outputs missing", "reasons": ["cache/features"]}
    assert told["validate"] == {"state": "inputs changed", "reasons": ["params.yaml: validate.strict"]}
    assert told["train@dual-0"] == {"state": "inputs changed", "reasons": ["cache/features"]}
    assert told["data.dvc"] == {"state": "matches", "reasons": []}


def test_a_code_edit_touches_exactly_the_stages_that_read_it(copied: Project, ask) -> None:
    copied.write("code/__pycache__/formula.pyc", "what DVC does not count")
    assert set(states(ask(copied, "report")).values()) == {"matches"}
    copied.write("code/more.py", "x = 1\n")
    told = states(ask(copied, "report"))
    assert told.pop("data.dvc") == "matches"
    assert set(told.values()) == {"inputs changed"}


def test_a_result_made_from_an_earlier_input_is_traced_to_that_one(history: History, copied: Project, ask) -> None:
    copied.replace("params.yaml", "epochs: 2", "epochs: 3")
    copied.call("dvc", "repro", "--quiet", "--single-item", "train@dual-0")
    told = {node["id"].split("-")[0]: node for node in ask(copied, "score@dual-0")["nodes"]}
    [trained] = [node for node in told.values() if node["address"] == "train@dual-0"]
    assert trained["data_version"] == history.project.entry("train@dual-0").data_version
    assert trained["data_version"] != copied.entry("train@dual-0").data_version
    assert trained["workspace"]["state"] == "not in this workspace"
    assert trained["commit"]["subject"] == "Change 10"


def test_an_entry_that_was_never_committed_says_so(copied: Project, ask) -> None:
    copied.replace("params.yaml", "seed: 10", "seed: 99")
    copied.call("dvc", "repro", "--quiet", "score@dual-0")
    told = ask(copied, "score@dual-0")["nodes"][0]
    assert told["commit"] == {"note": "no commit of dvc.lock holds it"}
    assert told["run"] == {"note": "no run is recorded"}


def test_a_search_that_was_cut_short_says_so(history: History) -> None:
    project = history.project
    entries = [project.entry("data.dvc"), project.entry("embed")]
    [data, embed] = Past(project.root, limit=1).pinned(entries).values()
    assert isinstance(data, Commit) and data.or_earlier
    assert isinstance(embed, Commit) and embed.subject == "Change 10" and embed.or_earlier
    [_, embed] = Past(project.root).pinned(entries).values()
    assert isinstance(embed, Commit) and not embed.or_earlier
    older = replace(project.entry("embed"), outs={"cache/features": "0" * 32})
    assert Past(project.root, limit=1).pinned([older]) == {"embed": "not in the last 1 commits of dvc.lock"}


def test_a_torn_params_file_is_named(copied: Project, ask) -> None:
    copied.write("params.yaml", "a: [1,\n")
    with pytest.raises(DualGeoError, match=r"params\.yaml is not valid YAML"):
        ask(copied, "score@dual-0")


def test_the_command_line(history: History, tmp_path: Path) -> None:
    project = history.project
    said = project.call("dualgeo", "lineage", "embed", "--no-check")
    assert "embed  " in said and "[not checked]" in said
    assert "not both" in project.call("dualgeo", "lineage", "embed", "--json", "--mermaid", fails=True)
    assert "drop 'two'" in project.call("dualgeo", "lineage", "embed", "two", fails=True)
