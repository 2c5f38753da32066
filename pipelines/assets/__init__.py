"""Dagster's assets: data sets (made from ``data/raw`` by one factory), raw tables, dbt's tables, the publication."""
