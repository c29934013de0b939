"""The tree of a lineage as text: drawn in a terminal, in plain ASCII lines elsewhere."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from dualgeo.lineage.graph import Graph, Node
from dualgeo.lineage.history import Commit
from dualgeo.lineage.match import State
from dualgeo.lineage.records import RunRecord
from dualgeo.tracking.facts import flat

SHORT = 8
"""Digits of a digest that a terminal shows."""
LINE_LENGTH = 110
COLOURS = {State.MATCHES: "green", State.OLDER: "yellow", State.UNKNOWN: "dim"}


@dataclass
class Branch:
    """One node of the printed tree: a headline, lines below it, and what it rests on."""

    head: str
    state: State | None
    """None for a node that was printed before."""
    lines: list[str] = field(default_factory=list[str])
    below: list["Branch"] = field(default_factory=list["Branch"])


def branches(graph: Graph) -> list[Branch]:
    """One tree for each root; a node reached twice is told in full once."""
    told = set[str]()
    return [_branch(graph, root, told) for root in graph.roots]


def draw(console: Console, graph: Graph) -> None:
    """Print the trees: with lines and colours in a terminal, in ASCII where the output goes to a file or a program."""
    for branch in branches(graph):
        if console.is_terminal and not console.options.ascii_only:
            console.print(_tree(branch))
        else:
            for line in plain(branch):
                console.out(_printable(line, console.encoding), highlight=False)


def plain(branch: Branch) -> Iterator[str]:
    """The lines of a tree in ASCII."""
    yield _headline(branch)
    for line in branch.lines:
        yield f"{'|' if branch.below else ' '}     {line}"
    for position, below in enumerate(branch.below):
        last = position == len(branch.below) - 1
        for number, line in enumerate(plain(below)):
            lead = ("`-- " if last else "|-- ") if number == 0 else ("    " if last else "|   ")
            yield lead + line


def _branch(graph: Graph, node_id: str, told: set[str]) -> Branch:
    node = graph.nodes[node_id]
    if node_id in told:
        return Branch(f"{node.entry.address}  (see above)", None)
    told.add(node_id)
    state = node.match.state
    below = [_branch(graph, target, told) for target in graph.below(node_id)]
    return Branch(f"{node.entry.address}  {node.entry.data_version}", state, list(_lines(node)), below)


def _lines(node: Node) -> Iterator[str]:
    if node.match.reasons:
        yield from _listed(node.match.state, node.match.reasons)
    yield from _listed("outputs", _digests(node.entry.outs))
    if node.entry.command:
        yield from _listed("command", node.entry.command.splitlines(), " && ")
    yield from _listed("params", [f"{name}={_value(value)}" for name, value in flat_params(node.entry.params).items()])
    yield from _listed("code", _digests(node.code))
    yield from _listed("made by nobody known", _digests(node.lost))
    yield f"commit: {_commit(node.commit)}"
    if isinstance(node.run, RunRecord) or node.entry.stage in ("train", "score"):
        yield f"MLflow run: {run_words(node.run)}"


def run_words(run: RunRecord | str) -> str:
    """A run in one line: id, status, commit and whether the code differed from it."""
    if isinstance(run, str):
        return run
    commit = f"commit {run.commit[:12]}{' (dirty)' if run.dirty else ''}" if run.commit else "recorded afterwards"
    return f"{run.run_id} {run.status}, {commit}{'' if run.current else ', not current'}"


def flat_params(params: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Params of one file by their dotted names; with several files the file's name comes first."""
    named = {file: flat(values) for file, values in params.items()}
    if len(named) == 1:
        return next(iter(named.values()))
    return {f"{file}:{name}": value for file, values in named.items() for name, value in values.items()}


def _digests(digests: Mapping[str, str]) -> list[str]:
    return [f"{path} {md5[:SHORT]}" for path, md5 in digests.items()]


def _commit(commit: Commit | str) -> str:
    if isinstance(commit, str):
        return commit
    return f"{commit.sha[:12]}{' or earlier' if commit.or_earlier else ''} {commit.date[:10]} {commit.subject}"


def _value(value: object) -> str:
    return (
        "[" + ", ".join(map(_value, value)) + "]"
        if isinstance(value, list)
        else "null"
        if value is None
        else str(value)
    )


def _listed(label: str, items: list[str] | tuple[str, ...], separator: str = ", ") -> Iterator[str]:
    """`label: a, b, c`, broken into lines between items."""
    line = ""
    lead = f"{label}: "
    for position, item in enumerate(items):
        text = item + (separator if position < len(items) - 1 else "")
        if line and len(lead) + len(line) + len(text.rstrip()) > LINE_LENGTH:
            yield (lead + line).rstrip()
            lead, line = " " * 4, ""
        line += text
    if line:
        yield lead + line


def _headline(branch: Branch) -> str:
    return f"{branch.head}  [{branch.state}]" if branch.state else branch.head


def _tree(branch: Branch) -> Tree:
    head = Text(branch.head, style="bold" if branch.state else "dim")
    if branch.state:
        head.append(f"  {branch.state}", style=COLOURS.get(branch.state, "red"))
    for line in branch.lines:
        head.append(f"\n{line}", style="not bold dim")
    tree = Tree(head, guide_style="dim")
    for below in branch.below:
        tree.children.append(_tree(below))
    return tree


def _printable(line: str, encoding: str) -> str:
    return line.encode(encoding, "backslashreplace").decode(encoding)
