"""ITU DataHub as its clients describe it, who disagree: a list for a known series and country, an empty one for others, 403 for
no route; no answer for a client that does not say who it is; and, since 2026, for one without a login.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from tests.publishers import Asked, Reply


def _declared() -> dict[str, tuple[str, dict[int, str]]]:
    return {
        "15": ("i112", {2022: "2645000"}),
        "178": ("i271", {2022: "52939000", 2023: "55873000"}),
        "193": ("i271p", {2023: "48900000"}),
        "11624": ("i99H", {2023: "91.0"}),
        "11632": ("i271mw", {2023: "34500000"}),
    }


@dataclass
class DataHub:
    """``series``: by codeID its code and values by year, as printed; ``token``: what a login would have given, if it asks one."""

    series: dict[str, tuple[str, dict[int, str]]] = field(default_factory=_declared)
    token: str | None = None

    def __call__(self, asked: Asked) -> Reply:
        said = {name.lower(): value for name, value in asked.headers.items()}
        if "python" in said.get("user-agent", "").lower():
            return Reply(b"", 473)
        if self.token is not None and said.get("authorization") != f"Bearer {self.token}":
            return Reply(json.dumps({"message": f"Forbidden: {said.get('authorization')}"}).encode(), 403, "application/json")
        parts = asked.path.strip("/").split("/")
        if len(parts) != 6 or parts[:3] != ["v2", "data", "bycode"] or parts[4] != "byiso":
            return Reply(b'{"message":"Missing Authentication Token"}', 403, "application/json")
        code, values = self.series.get(parts[3], ("", {}))
        rows = [
            {"dataYear": year, "answer": [{"value": f"<<{value}>>"}], "code": code, "codeID": int(parts[3]), "dataSource": "ITU"}
            for year, value in values.items()
            if parts[5] == "MAR"
        ]
        text = json.dumps(rows).replace('"<<', "").replace('>>"', "")
        return Reply(text.encode(), content_type="application/json")
