"""The World Bank's Indicators API v2 as observed: pages, error envelopes with status 200, nulls, aggregates among countries."""

from __future__ import annotations

import json
from typing import Any

from tests.publishers import Asked, Reply

_ENVELOPE = [{"message": [{"id": "120", "key": "Invalid value", "value": "The provided parameter value is not valid"}]}]


class WorldBank:
    """``series``: by code its name and its values by year, newest first as the Bank lists them; ``archived`` answer no data."""

    def __init__(self, series: dict[str, tuple[str, dict[int, str | None]]], updated: str = "2026-10-07"):
        self.series = series
        self.updated = updated
        self.archived: set[str] = set()
        self.database = "2"
        self.most_per_page = 32_500
        self.beside: list[dict[str, Any]] = []

    def __call__(self, asked: Asked) -> Reply:
        parts = asked.path.strip("/").split("/")
        if asked.query.get("format") != "json":
            return Reply(b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?><wb:data/>', content_type="text/xml")
        if parts[:-1] != ["v2", "country", "MA", "indicator"] or parts[-1] not in self.series.keys() - self.archived:
            return _said(_ENVELOPE)
        name, values = self.series[parts[-1]]
        rows = [_row(parts[-1], name, "MA", "Morocco", "MAR", year, values[year]) for year in sorted(values, reverse=True)]
        rows += self.beside
        per_page = min(int(asked.query.get("per_page", "50")), self.most_per_page)
        page = int(asked.query.get("page", "1"))
        pages = -(-len(rows) // per_page)
        shown = rows[(page - 1) * per_page : page * per_page]
        header = {
            "page": page, "pages": pages if shown else 0, "per_page": per_page, "total": len(rows), "sourceid": self.database,
            "lastupdated": self.updated,
        }  # fmt: skip
        return _said([header, shown])


def _said(what: Any) -> Reply:
    # Numbers are written as given, digit by digit.
    text = json.dumps(what).replace('"<<', "").replace('>>"', "")
    return Reply(text.encode(), content_type="application/json;charset=utf-8")


def _row(code: str, name: str, country: str, country_name: str, iso3: str, year: int, value: str | None) -> dict[str, Any]:
    return {
        "indicator": {"id": code, "value": name}, "country": {"id": country, "value": country_name}, "countryiso3code": iso3,
        "date": str(year), "value": None if value is None else f"<<{value}>>", "unit": "", "obs_status": "", "decimal": 0,
    }  # fmt: skip


def aggregate(code: str, name: str, year: int, value: str) -> dict[str, Any]:
    """A row of the Arab World: an aggregate that stands among countries, without an ISO code of three letters."""
    return _row(code, name, "1A", "Arab World", "", year, value)
