"""Frames as people read them in a check's or an asset's metadata."""

from __future__ import annotations

import polars as pl


def markdown(frame: pl.DataFrame) -> str:
    """The frame as a Markdown table, long texts cut."""
    with pl.Config(
        tbl_formatting="ASCII_MARKDOWN",
        tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True,
        tbl_cols=-1,
        tbl_rows=-1,
        fmt_str_lengths=40,
        tbl_width_chars=10_000,
    ):
        return str(frame)
