"""The back-test of every model on the history there is, by both protocols. How it is done: orchestration/forecasting.py.

Here: from the monthly rows to arrays and back. One row per model, target, area kind, protocol, and area or months ahead.
"""

import pandas as pd

from orchestration import forecasting


def model(dbt, session):
    dbt.config(materialized="table", tags=["ucdp_only"])
    return pd.DataFrame(forecasting.score_table(dbt.ref("int_forecast__month").fetchnumpy()))
