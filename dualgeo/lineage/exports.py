"""The lineage for programs (JSON) and for documents (Mermaid)."""

from typing import Any

from dualgeo.lineage.graph import Graph, Node
from dualgeo.lineage.history import Commit
from dualgeo.lineage.match import State
from dualgeo.lineage.records import RunRecord
from dualgeo.lineage.targets import Target

FORMAT = "dualgeo-lineage/1"
CLASSES = {
    State.MATCHES: "matches",
    State.OLDER: "older",
    State.MISSING: "broken",
    State.CHANGED: "broken",
    State.INPUTS: "changed",
    State.UNKNOWN: "unknown",
}
STYLES = {
    "matches": "fill:#e3f4e5,stroke:#2e7d32,color:#10240f",
    "changed": "fill:#fff3d6,stroke:#b26a00,color:#2e1d00",
    "broken": "fill:#fde3e1,stroke:#b3261e,color:#330806",
    "older": "fill:#eceff1,stroke:#607d8b,color:#1c2529",
    "unknown": "fill:#ffffff,stroke:#607d8b,color:#1c2529",
}


def as_json(what: str, target: Target, graph: Graph) -> dict[str, Any]:
    """The structure that docs/lineage.md describes; every digest in full."""
    document: dict[str, Any] = {
        "format": FORMAT,
        "what": what,
        "kind": target.kind,
        "roots": list(graph.roots),
        "notes": list(target.notes),
        "nodes": [_node(node) for node in graph.nodes.values()],
        "edges": [{"from": edge.source, "to": edge.target, "path": edge.path, "md5": edge.md5} for edge in graph.edges],
    }
    if target.row:
        document["row"] = {
            "query_set": target.row.query_set,
            "variant": target.row.variant,
            "figures": [
                {"name": figure.name, "reported": figure.reported, "by_cell": dict(figure.by_cell)}
                for figure in target.row.figures
            ],
        }
    return document


def as_mermaid(graph: Graph) -> str:
    """A Mermaid flowchart from the data to the results; colours say how each node stands to the workspace."""
    names = {node_id: f"n{number}" for number, node_id in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for node_id, node in graph.nodes.items():
        label = f"{_escaped(node.entry.address)}<br/>{node.entry.data_version}<br/>{node.match.state}"
        lines.append(f'    {names[node_id]}["{label}"]:::{CLASSES[node.match.state]}')
    read: dict[tuple[str, str], list[str]] = {}
    for edge in graph.edges:
        read.setdefault((edge.target, edge.source), []).append(edge.path)
    for (made, reader), paths in read.items():
        lines.append(f'    {names[made]} -->|"{"<br/>".join(map(_escaped, paths))}"| {names[reader]}')
    used = dict.fromkeys(CLASSES[node.match.state] for node in graph.nodes.values())
    lines += [f"    classDef {name} {STYLES[name]}" for name in used]
    return "\n".join(lines) + "\n"


def _node(node: Node) -> dict[str, Any]:
    entry = node.entry
    return {
        "id": node.id,
        "address": entry.address,
        "stage": entry.stage,
        "cell": entry.cell,
        "data_version": entry.data_version,
        "input_digest": entry.input_digest,
        "outs": _files(entry.outs),
        "command": entry.command,
        "params": {file: dict(values) for file, values in entry.params.items()},
        "code": _files(node.code),
        "lost": _files(node.lost),
        "commit": _commit(node.commit),
        "run": _run(node.run),
        "workspace": {"state": str(node.match.state), "reasons": list(node.match.reasons)},
    }


def _files(digests: dict[str, str] | Any) -> list[dict[str, str]]:
    return [{"path": path, "md5": md5} for path, md5 in digests.items()]


def _commit(commit: Commit | str) -> dict[str, Any]:
    if isinstance(commit, str):
        return {"note": commit}
    return {"sha": commit.sha, "date": commit.date, "subject": commit.subject, "or_earlier": commit.or_earlier}


def _run(run: RunRecord | str) -> dict[str, Any]:
    if isinstance(run, str):
        return {"note": run}
    return {
        "run_id": run.run_id,
        "experiment_id": run.experiment_id,
        "status": run.status,
        "started": run.started,
        "current": run.current,
        "commit": run.commit or None,
        "dirty": run.dirty if run.commit else None,
    }


def _escaped(text: str) -> str:
    """Text for a quoted Mermaid label: what would end it or be read as markup becomes a character code."""
    return "".join(char if char.isalnum() or char in " ./@_-" else f"#{ord(char)};" for char in text)
