"""DuckDB's spatial extension, from the package that carries it. Nothing is ever downloaded.

Here: finding its file and loading it into a connection. Not here: any geometry. It is optional: only who loads
polygons (`sahel load boundaries`) needs it.
"""

from importlib.util import find_spec
from pathlib import Path

import duckdb

PACKAGE = "duckdb_extension_spatial"
REMEDY = f"install it with: pip install duckdb-extension-spatial=={duckdb.__version__}"


class SpatialMissing(RuntimeError):
    """The extension is not installed, or for another version of DuckDB; the message has the remedy."""


def spatial_extension() -> Path | None:
    """The extension's file for this DuckDB, or None where the package is not installed or of another version."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations)))
    file = folder / "extensions" / f"v{duckdb.__version__}" / "spatial.duckdb_extension"
    return file if file.is_file() else None


def load_spatial(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``st_`` functions known to the connection. Raises ``SpatialMissing``."""
    file = spatial_extension()
    if file is None:
        raise SpatialMissing(
            f"polygons need DuckDB's spatial extension for DuckDB {duckdb.__version__}; {REMEDY}"
        )
    connection.execute(f"load '{str(file).replace(chr(39), chr(39) * 2)}'")
