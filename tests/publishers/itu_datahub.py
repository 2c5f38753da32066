"""ITU DataHub as its clients describe it: a list for a known series and country, an empty one for others, 403 for no route."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from tests.publishers import Asked, Reply


@dataclass
class DataHub:
    """``series``: by codeID its code and values by year, as printed."""

    series: dict[str, tuple[str, dict[int, str]]] = field(
        default_factory=lambda: {"178": ("i271", {2022: "52939000", 2023: "55873000"})}
    )

    def __call__(self, asked: Asked) -> Reply:
        parts = asked.path.strip("/").split("/")
        if len(parts) != 6 or parts[:3] != ["v2", "data", "bycode"] or parts[4] != "byiso":
            return Reply(b'{"message":"Missing Authentication Token"}', 403, "application/json")
        if "python" in dict(asked.headers).get("User-Agent", "").lower():
            return Reply(b"", 473)
        code, values = self.series.get(parts[3], ("", {}))
        rows = [
            {"dataYear": year, "answer": [{"value": f"<<{value}>>"}], "code": code, "codeID": int(parts[3]), "dataSource": "ITU"}
            for year, value in values.items()
            if parts[5] == "MAR"
        ]
        text = json.dumps(rows).replace('"<<', "").replace('>>"', "")
        return Reply(text.encode(), content_type="application/json")
