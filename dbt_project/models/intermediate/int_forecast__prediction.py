"""Forecasts of every model 1 to 6 months ahead of each area's last whole month. What they say: orchestration/forecasting.py.

Here: from the monthly rows to arrays and back. One row per model, target, area and target month.
"""

import pandas as pd

from orchestration import forecasting


def model(dbt, session):
    dbt.config(materialized="table", tags=["ucdp_only"])
    return pd.DataFrame(forecasting.predictions(dbt.ref("int_forecast__month").fetchnumpy()))
