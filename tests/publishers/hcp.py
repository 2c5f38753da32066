"""HCP's site as its readers describe it: a workbook by the number of its file, sent as an attachment; robots are asked to keep
out of ``/download/``; what is not there is a page.

Whether ``/file/{id}/`` leads elsewhere first was not noted: ``moved`` makes it do so.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

from openpyxl import Workbook

from tests.publishers import Asked, Reply

LEGAL_POPULATION = "242341"
# Seven columns in this order, as public readers of the file describe them; their headings were not noted and are ours.
HEADINGS = ["Unité", "Marocains", "Étrangers", "Population", "Ménages", "الوحدة", "Code"]
_ROWS = [
    ["Ensemble du territoire national", 36680178, 148152, 36828330, 9275038, "مجموع التراب الوطني", None],
    ["Région de Tanger-Tétouan-Al Hoceima", 4020545, 9677, 4030222, 1048860, "جهة طنجة-تطوان-الحسيمة", "1"],
    ["Préfecture de Tanger-Assilah", 1487175, 7238, 1494413, 418844, "عمالة طنجة-أصيلة", "1511"],
    ["Commune de Tanger", 1268512, 6916, 1275428, 362062, "جماعة طنجة", "1511010"],
]


@dataclass
class Site:
    """One workbook, which a test changes."""

    rows: list[list[Any]] = field(default_factory=lambda: [list(row) for row in _ROWS])
    headings: list[Any] = field(default_factory=lambda: list(HEADINGS))
    moved: bool = True
    file_name: str = "Population légale RGPH 2024.xlsx"

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == "/robots.txt":
            return Reply(b"User-agent: *\nDisallow: /download/\n", content_type="text/plain")
        if asked.path.startswith("/download/"):
            return Reply(b"<html>Interdit</html>", 403, "text/html")
        if asked.path == f"/file/{LEGAL_POPULATION}/" and self.moved:
            return Reply(b"", 302, "text/html", {"Location": "/attachment/2551/"})
        if asked.path in (f"/file/{LEGAL_POPULATION}/", "/attachment/2551/"):
            header = f'attachment; filename="{self.file_name}"'.encode().decode("latin-1")
            return Reply(self.workbook(), content_type="application/octet-stream", headers={"Content-Disposition": header})
        return Reply(b"<!DOCTYPE html><html><body>Page introuvable</body></html>", 200, "text/html")

    def workbook(self) -> bytes:
        """The workbook as bytes: a title, the headings, the units."""
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "Population légale"
        sheet.append(["Population légale du Royaume du Maroc, RGPH 2024"])
        sheet.append([])
        sheet.append(self.headings)
        for row in self.rows:
            sheet.append(row)
        packed = io.BytesIO()
        book.save(packed)
        return packed.getvalue()
