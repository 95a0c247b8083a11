"""Everything Dagster: assets, checks, jobs, schedules, sensors, as thin adapters over ``orchestration.steps``.

One concept per module; nothing outside imports this but ``orchestration.definitions``. No SQL about feeds,
no parsing, no rules about data: those are the steps', the feeds' and dbt's.
"""
