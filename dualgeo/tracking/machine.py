"""What a training asks of the machine: processor, memory, disk, network and GPU, sampled beside it."""

import threading
import time
from typing import Any

from dualgeo.tracking.recorder import Sample

SECONDS_BETWEEN_SAMPLES = 5.0


class MachineSampler:
    """Samples in a thread of its own and keeps them until they are taken: it never touches the store.

    MLflow's own monitor writes from its thread, and its end waits for that write; a store that is locked would hold
    the training up.
    """

    def __init__(self, seconds: float = SECONDS_BETWEEN_SAMPLES) -> None:
        self._seconds = seconds
        self._stopped = threading.Event()
        self._guard = threading.Lock()
        self._samples: list[Sample] = []
        self._step = 0
        self._monitors = _monitors()
        self._thread = threading.Thread(target=self._watch, name="machine-sampler", daemon=True)

    def start(self) -> None:
        """Begin to sample."""
        for monitor in self._monitors:
            # Utilisation is counted since the last look: the first one says nothing.
            monitor.collect_metrics()
            monitor.clear_metrics()
        self._thread.start()

    def stop(self) -> None:
        """Take a last sample and end the thread; may be called twice."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=self._seconds)

    def take(self) -> list[Sample]:
        """The samples since the last call."""
        with self._guard:
            taken, self._samples = self._samples, []
        return taken

    def _watch(self) -> None:
        while True:
            last = self._stopped.wait(self._seconds)
            try:
                self._sample()
            except Exception:
                # A figure that this machine does not give is not worth a training.
                return
            if last:
                return

    def _sample(self) -> None:
        now = round(time.time() * 1000)
        figures: dict[str, float] = {}
        for monitor in self._monitors:
            monitor.collect_metrics()
            figures |= monitor.aggregate_metrics()
            monitor.clear_metrics()
        with self._guard:
            self._samples += [Sample(f"system/{name}", value, self._step, now) for name, value in figures.items()]
            self._step += 1


def _monitors() -> list[Any]:
    """MLflow's own monitors, so that its page of system metrics shows them."""
    from mlflow.system_metrics.metrics.cpu_monitor import CPUMonitor
    from mlflow.system_metrics.metrics.disk_monitor import DiskMonitor
    from mlflow.system_metrics.metrics.gpu_monitor import GPUMonitor
    from mlflow.system_metrics.metrics.network_monitor import NetworkMonitor

    monitors: list[Any] = [CPUMonitor(), DiskMonitor(), NetworkMonitor()]
    try:
        monitors.append(GPUMonitor())
    except Exception:
        return monitors
    return monitors
