"""pandera's verdicts as Dagster asset checks: releases and raw records (``stages``), staging and marts (``contracts``)."""
