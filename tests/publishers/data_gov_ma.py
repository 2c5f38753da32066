"""data.gov.ma as observed: CKAN's action API in front of ANRT's spreadsheets, with legend rows, letters and French numbers."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

from openpyxl import Workbook

from tests.publishers import Asked, Reply

PACKAGE = "parc-de-la-telephonie-mobile-2006-2022"
RESOURCE = "48cef8fd-edf0-4ec7-94d6-cf0fb30f475f"
_API = "/data/api/3/action/package_show"
_OPERATORS = ("ITISSALAT AL-MAGHRIB", "MEDI TELECOM", "WANA CORPORATE")
_KINDS = (" postpayé", " prépayé", "")
POSTPAID, PREPAID, TOTAL = (f"Parc téléphonie mobile{kind} global (en milliers)" for kind in _KINDS)
# Whoever described the file counted fourteen columns and named twelve: what the last two say is made up here.
UNNAMED = ("Une colonne que personne n'a décrite", "Une autre")


def mobile_legend() -> dict[str, str]:
    """By letter the legend of the workbook of mobile subscriptions, A to N."""
    texts = [
        f"Parc téléphonie mobile{kind}{part} (en milliers)"
        for kind in _KINDS
        for part in (*(f"_{operator}" for operator in _OPERATORS), " global")
    ]
    return dict(zip("ABCDEFGHIJKLMN", (*texts, *UNNAMED), strict=True))


def _quarters() -> list[tuple[str, dict[str, Any]]]:
    """Totals as the press printed them at the end of 2006 and 2023; the operators' own are made up."""
    return [
        ("T4-2006", {"C": "NA", "D": "ND", "H": "NM", "L": "16\u00a0005"}),
        ("T4-2023", {"A": 1, "D": 6970, "H": "48 900", "L": 55870}),
        ("T1-2024", {"D": 7000.5, "H": None, "L": "55 900,25"}),
    ]


@dataclass
class Portal:
    """One package with one workbook, which a test changes; ``base`` is the server's address once it is known.

    ``rows``: each period with its values by letter, in the order of the table; ``header``: the letters in theirs.
    """

    base: str = ""
    package: str = PACKAGE
    legend: dict[str, str] = field(default_factory=mobile_legend)
    header: list[str] = field(default_factory=lambda: list("ABCDEFGHIJKLMN"))
    rows: list[tuple[str, dict[str, Any]]] = field(default_factory=_quarters)
    sheets: list[str] = field(default_factory=lambda: ["Feuil1"])
    resource: str = RESOURCE
    name: str = "Parc mobile"
    beside: list[dict[str, Any]] = field(default_factory=list)
    modified: str = "2026-08-23T10:11:12.123456"
    etag: str = '"1"'
    file_host: str | None = None
    answer: bytes | None = None
    """What the action API says in place of what it should."""

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == _API:
            return self._shown(asked.query.get("id")) if self.answer is None else Reply(self.answer, content_type=_JSON)
        if asked.path.endswith("/download/parc.xlsx"):
            return Reply(self.workbook(), content_type="application/vnd.ms-excel", etag=self.etag)
        return Reply(b"<html><body>Page non trouv\xc3\xa9e</body></html>", 404, "text/html")

    def _shown(self, package: str | None) -> Reply:
        if package != self.package:
            error = {"__type": "Not Found Error", "message": "Non trouvé"}
            return _said({"help": "", "success": False, "error": error}, 404)
        url = f"{self.file_host or self.base}/data/fr/dataset/1/resource/{self.resource}/download/parc.xlsx"
        file = {"id": self.resource, "name": self.name, "format": "XLSX", "url": url, "last_modified": self.modified}
        notes = {"id": "0d6d2f9e-0000-4000-8000-000000000002", "name": "Lisez-moi", "format": "PDF", "url": f"{url}.pdf"}
        return _said({"help": "", "success": True, "result": {"id": self.package, "resources": [notes, file, *self.beside]}})

    def workbook(self) -> bytes:
        """The workbook as bytes: legend, a blank row, the header row, the table."""
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = self.sheets[0]
        for more in self.sheets[1:]:
            book.create_sheet(more)
        for letter, text in self.legend.items():
            sheet.append([letter, text])
        sheet.append([])
        sheet.append(["Période (à fin)", *self.header])
        for period, values in self.rows:
            sheet.append([period, *(values.get(letter) for letter in self.header)])
        packed = io.BytesIO()
        book.save(packed)
        return packed.getvalue()


_JSON = "application/json;charset=utf-8"


def _said(what: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(what).encode(), status, _JSON)
