"""A provider whose model is simulated: it knows where the photos of a dataset were taken, as well as it is told to."""

import json
from collections.abc import Iterable

import numpy as np
import pandas as pd

from dualgeo.lmm.budget import Budget
from dualgeo.lmm.provider import Take
from dualgeo.lmm.reply import Outcome, Reply, Usage
from dualgeo.lmm.request import Request
from dualgeo.lmm.simulated import SimulatedModel


class SimulatedProvider:
    """Answers at once, in the order of the requests."""

    name = "simulated"

    def __init__(
        self, model: SimulatedModel, photos: pd.DataFrame, seed: int = 0, ends: dict[str, Outcome] | None = None
    ) -> None:
        """`photos`: a photo table with gallery. `ends`: photo id -> how its requests end instead of with an answer."""
        gallery = photos.loc[photos["split"] == "gallery", ["lat", "lon"]].to_numpy(np.float64)
        asked = photos[photos["split"] != "gallery"]
        truth = asked[["lat", "lon"]].to_numpy(np.float64)
        made = model.answer(asked["photo_id"].tolist(), truth[:, 0], truth[:, 1], gallery, seed)
        columns = np.column_stack([made.lat[:, 0], made.lon[:, 0], made.radius_km[:, 0]])
        self.answers = dict(zip(asked["photo_id"], columns.tolist(), strict=True))
        self.ends = ends or {}
        self.sent: list[str] = []
        """Ids of the photos that were asked about, in this order."""

    def answer(self, requests: Iterable[Request], budget: Budget, take: Take) -> None:
        for request in requests:
            budget.reserve(request)
            self.sent.append(request.query_id)
            reply = self._reply(request)
            budget.settle(request, reply)
            take(request, reply)

    def _reply(self, request: Request) -> Reply:
        outcome = self.ends.get(request.query_id, "answered")
        lat, lon, radius = self.answers[request.query_id]
        said = {
            "latitude": lat,
            "longitude": lon,
            "confidence_radius_km": radius,
            "country": "",
            "region": "",
            "city": "",
            "evidence": ["simulated"],
            "candidates_used": [],
        }
        answered = outcome == "answered"
        text = json.dumps(said) if answered else ""
        reason = "" if answered else f"the simulated model {outcome}"
        usage = Usage(1000, 100) if answered else Usage(1000, 0)
        return Reply(outcome, reason, text, "simulated", "", "end_turn", usage, 0.001, 1, 0, "local")
