"""Python's garbage collector, which in tests has more to walk than to find: dbt, Dagster and Great Expectations are
millions of objects that live until the process ends.
"""

import gc


def keep_what_is_loaded() -> None:
    """It looks no more at what there is by now, and seldom at what comes after."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
