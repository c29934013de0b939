"""Have `dagster dev` load the definitions anew: code versions and the graph are fixed when they are loaded."""

import itertools
import logging
import threading
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from dagster._grpc.client import DagsterGrpcClient

SECONDS_TO_LOAD = 180


def reload_definitions() -> bool:
    """Ask the code server that runs this process to replace it; False where none does (`dagster asset materialize`).

    Returns at once: the server starts the new process before it ends this one, and the web server and the daemon
    notice within seconds.
    """
    server = _code_server()
    if server is None:
        return False
    threading.Thread(target=_reload, args=(server,), daemon=True).start()
    return True


def _code_server() -> "DagsterGrpcClient | None":
    """The `dagster code-server` above this process. It tells its children nothing, so its command line has to."""
    # Loaded by whoever serves code; others need not wait for it.
    from dagster._grpc.client import DagsterGrpcClient

    for process in psutil.Process().parents():
        words = process.cmdline()
        if "code-server" in words:
            given = dict(itertools.pairwise(words))
            port = given.get("--port")
            return DagsterGrpcClient(
                host=given.get("--host", "localhost"), port=int(port) if port else None, socket=given.get("--socket")
            )
    return None


def _reload(server: "DagsterGrpcClient") -> None:
    try:
        server.reload_code(timeout=SECONDS_TO_LOAD)
    except Exception:
        logging.getLogger("dagster").exception("The definitions could not be loaded anew; press Reload in the UI.")
