"""data.gov.ma as observed: CKAN's action API in front of ANRT's spreadsheets, with legend rows, letters and French numbers."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

from openpyxl import Workbook

from tests.publishers import Asked, Reply

PACKAGE = "parc-de-la-telephonie-mobile-2006-2022"
RESOURCE = "0d6d2f9e-0000-4000-8000-000000000001"
PREPAID, POSTPAID, TOTAL = "Parc prépayé (en milliers)", "Parc postpayé (en milliers)", "Parc total (en milliers)"
_API = "/data/api/3/action/package_show"


@dataclass
class Portal:
    """One package with one workbook, which a test changes; ``base`` is the server's address once it is known."""

    base: str = ""
    legend: dict[str, str] = field(default_factory=lambda: {"D": POSTPAID, "H": PREPAID, "L": TOTAL})
    header: list[str] = field(default_factory=lambda: ["D", "H", "L"])
    rows: list[list[Any]] = field(
        default_factory=lambda: [
            ["T1-2006", "ND", "12 345,5", "12\u00a0345,5"],
            ["S2-2013", 2000.5, 40000, "42 000,5"],
            ["2020", "NM", None, 49421],
        ]
    )
    resource: str = RESOURCE
    modified: str = "2026-03-02T10:11:12.123456"
    etag: str = '"1"'
    file_host: str | None = None

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == _API:
            return self._shown(asked.query.get("id"))
        if asked.path.endswith("/download/mobile.xlsx"):
            return Reply(self.workbook(), content_type="application/vnd.ms-excel", etag=self.etag)
        return Reply(b"<html><body>Page non trouv\xc3\xa9e</body></html>", 404, "text/html")

    def _shown(self, package: str | None) -> Reply:
        if package != PACKAGE:
            error = {"__type": "Not Found Error", "message": "Non trouvé"}
            return _said({"help": "", "success": False, "error": error}, 404)
        url = f"{self.file_host or self.base}/data/fr/dataset/1/resource/{self.resource}/download/mobile.xlsx"
        file = {"id": self.resource, "name": "Parc mobile", "format": "XLSX", "url": url, "last_modified": self.modified}
        legend = {"id": "0d6d2f9e-0000-4000-8000-000000000002", "name": "Lisez-moi", "format": "PDF", "url": f"{url}.pdf"}
        return _said({"help": "", "success": True, "result": {"id": PACKAGE, "resources": [legend, file]}})

    def workbook(self) -> bytes:
        """The workbook as bytes: legend, a blank row, the header row, the table."""
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "Feuil1"
        for letter, text in self.legend.items():
            sheet.append([letter, text])
        sheet.append([])
        sheet.append(["Période (à fin)", *self.header])
        for row in self.rows:
            sheet.append(row)
        packed = io.BytesIO()
        book.save(packed)
        return packed.getvalue()


def _said(what: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(what).encode(), status, "application/json;charset=utf-8")
