"""What the data must look like: contracts, Great Expectations suites and the audit.

The leaf package of the project: it knows tables and rules, and nothing of feeds, the warehouse's
paths or Dagster. It imports nothing of ``orchestration``.
"""
