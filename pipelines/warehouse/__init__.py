"""DuckDB: the writer's lock, the draft, loading releases, publishing, rolling back, opening for reading. No Dagster here."""
