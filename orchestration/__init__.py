"""Feeds, warehouse, use cases, command line and Dagster definitions. Importing it has no effect."""
