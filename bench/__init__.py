"""Benchmarks: our loads against bare DuckDB and against the usual way, as ratios within one run."""
