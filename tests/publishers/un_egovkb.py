"""The export of the UN's e-government Data Center as two copies of it look: names that end in a blank, and no ISO code.

No stable address of it was seen: here it stands at one, as a ministry's file would.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.publishers import Asked, Reply

COLUMNS = (
    "Survey Year", "Country Name", "E-Government Rank", "E-Government Index", "E-Participation Index", "Online Service Index",
    "Human Capital Index", "Telecommunication Infrastructure Index",
)  # fmt: skip


@dataclass
class DataCenter:
    """``rows``: year, country and figures as printed."""

    rows: list[tuple[str, ...]] = field(
        default_factory=lambda: [
            ("2018", "Mauritius ", "66", "0.6678", "0.6910", "0.7292", "0.7308", "0.5435"),
            ("2018", "Morocco ", "110", "0.5214", "0.7753", "0.6667", "0.5278", "0.3697"),
        ]
    )

    def __call__(self, asked: Asked) -> Reply:
        lines = [",".join(COLUMNS), *(",".join(row) for row in self.rows)]
        return Reply("".join(f"{line}\r\n" for line in lines).encode(), content_type="text/csv")
