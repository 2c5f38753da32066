"""A ministry's table of companies created, as the file that it happens to publish: CSV of Windows, a workbook, Parquet."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import polars as pl
from openpyxl import Workbook

from tests.publishers import Asked, Reply


@dataclass
class Ministry:
    """``counts``: companies by the region's name; ``heading`` is the one over them."""

    counts: dict[str, int] = field(default_factory=lambda: {"Oriental": 1298, "Drâa-Tafilalet": 420})
    heading: str = "Entreprises créées"
    year: int = 2019
    etag: str | None = None

    def __call__(self, asked: Asked) -> Reply:
        made = {"/creations.csv": self.csv, "/creations.xlsx": self.workbook, "/creations.parquet": self.parquet}.get(asked.path)
        return Reply(made(), etag=self.etag) if made else Reply(b"<html>Page introuvable</html>", 404, "text/html")

    def csv(self) -> bytes:
        """Windows-1252, semicolons, a blank between thousands."""
        lines = [
            f"Région;Année;{self.heading}",
            *(f"{name};{self.year};{count:,}".replace(",", " ") for name, count in self.counts.items()),
        ]
        return "".join(f"{line}\r\n" for line in lines).encode("cp1252")

    def workbook(self) -> bytes:
        """One sheet with the heading in its third row."""
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "Créations"
        sheet.append(["Baromètre de la création d'entreprises"])
        sheet.append([])
        sheet.append(["Région", "Année", self.heading])
        for name, count in self.counts.items():
            sheet.append([name, str(self.year), count])
        packed = io.BytesIO()
        book.save(packed)
        return packed.getvalue()

    def parquet(self) -> bytes:
        """The year as a text, the count as an integer."""
        packed = io.BytesIO()
        pl.DataFrame(
            {
                "Région": list(self.counts),
                "Année": [str(self.year)] * len(self.counts),
                self.heading: list(self.counts.values()),
            }
        ).write_parquet(packed)
        return packed.getvalue()
