"""The documentation of the schema: dbt's documentation site in one file, of what is published, that opens without a network.

dbt would look at the draft through a connection of its own; here its catalogue is read from the published file, read-only, and
its page is put together as ``dbt docs generate --static`` does. What tables and columns mean is not said here but in the
models' YAML, in ``records`` and in ``warehouse.tables``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from pipelines import dbt_project, fingerprint
from pipelines.errors import Blocked
from pipelines.settings import CATALOG, Settings
from pipelines.warehouse import lock, publication
from pipelines.warehouse.reading import reader

_TITLE = "Marsad: tables and columns"
_OVERVIEW = "doc.marsad.__overview__"


def build(settings: Settings) -> Path:
    """Write ``docs/index.html`` in the warehouse and return its path.

    Raises NothingPublished, Blocked when models or seeds have changed since the publication, and WarehouseLocked while a
    refresh is writing dbt's own files.
    """
    now = publication.current(settings)
    if now is None:
        raise publication.NothingPublished("nothing has been published yet: run `marsad refresh`")
    with lock.writer(settings.lock, "documenting the schema"):
        models = fingerprint.models(fingerprint.inputs(settings))
        if models != fingerprint.models(now.manifest.get("inputs", {})):
            raise Blocked(f"models or seeds are not those of publication {now.name}: run `marsad refresh` first")
        manifest = dbt_project.manifest(settings, models)
    with reader(settings) as connection:
        catalogue = _catalogue(connection, manifest, now.manifest["rows"])
    _complete(manifest, catalogue, now)
    page = _page(manifest, catalogue)
    file = settings.schema_docs
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".tmp")
    unfinished.write_text(page, encoding="utf-8")
    unfinished.replace(file)
    return file


def _catalogue(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any], rows: dict[str, int]) -> dict[str, Any]:
    """dbt's catalogue of every seed, model and source: columns, types and comments of the published file, and row counts."""
    relations = {
        (schema, name): (kind, comment)
        for schema, name, kind, comment in connection.execute(
            "select schema_name, table_name, 'table', comment from duckdb_tables() where not internal union all "
            "select schema_name, view_name, 'view', comment from duckdb_views() where not internal"
        ).fetchall()
    }
    columns: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for schema, table, name, index, dtype, comment in connection.execute(
        "select schema_name, table_name, column_name, column_index, data_type, comment from duckdb_columns() "
        "where not internal order by schema_name, table_name, column_index"
    ).fetchall():
        columns.setdefault((schema, table), {})[name] = {"name": name, "index": index, "type": dtype, "comment": comment}
    catalogue: dict[str, Any] = {"metadata": manifest["metadata"], "nodes": {}, "sources": {}, "errors": None}
    for group in ("nodes", "sources"):
        for unique_id, node in manifest[group].items():
            if node["resource_type"] not in ("model", "seed", "source"):
                continue
            place = (node["schema"], node["name"])
            kind, comment = relations[place]
            count = rows.get(".".join(place))
            if count is None:
                [(count,)] = connection.execute(f'select count(*) from "{place[0]}"."{place[1]}"').fetchall()
            catalogue[group][unique_id] = {
                "unique_id": unique_id,
                "metadata": {
                    "type": kind, "database": CATALOG, "schema": place[0], "name": place[1], "comment": comment, "owner": None,
                },
                "columns": columns[place],
                "stats": {
                    "rows": {"id": "rows", "label": "Rows", "value": count, "include": True, "description": ""},
                    "has_stats": {"id": "has_stats", "label": "", "value": True, "include": False, "description": ""},
                },
            }  # fmt: skip
    return catalogue


def _complete(manifest: dict[str, Any], catalogue: dict[str, Any], now: publication.Publication) -> None:
    """What the page shows and dbt does not know: the columns of raw tables, and which publication this is."""
    for unique_id, source in manifest["sources"].items():
        for column in catalogue["sources"][unique_id]["columns"].values():
            said = {
                "name": column["name"],
                "description": column["comment"] or "",
                "data_type": column["type"],
                "meta": {},
                "tags": [],
            }
            source["columns"].setdefault(column["name"], said)
    manifest["docs"][_OVERVIEW]["block_contents"] += (
        f"\n\nThis page describes publication `{now.name}`, published {now.manifest['published_at']}."
    )
    manifest["metadata"]["send_anonymous_usage_stats"] = False


def _page(manifest: dict[str, Any], catalogue: dict[str, Any]) -> str:
    # Imported here: dbt is slow to import, and only its page is wanted.
    from dbt.task.docs import DOCS_INDEX_FILE_PATH

    page = Path(DOCS_INDEX_FILE_PATH).read_text(encoding="utf-8")
    filled = {
        "<title>dbt Docs</title>": f"<title>{_TITLE}</title>",
        '"MANIFEST.JSON INLINE DATA"': _inline(manifest),
        '"CATALOG.JSON INLINE DATA"': _inline(catalogue),
    }
    for place, what in filled.items():
        if place not in page:
            raise Blocked(f"dbt's page has no {place} any more: its version has changed, and with it what this module fills in")
        page = page.replace(place, what, 1)
    return page


def _inline(said: dict[str, Any]) -> str:
    """JSON inside a script element, which ends at the first ``</script`` whatever stands around it."""
    return json.dumps(said, ensure_ascii=False, default=str).replace("</", "<\\/")
