"""The DuckDB file and the payload store: connection, ledger, landing, promotion, publication.

Plain DuckDB and files; knows contracts, but no feed, no HTTP and no Dagster.
"""
