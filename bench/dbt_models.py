"""The Python models of the dbt project as modules: their functions, to be measured and tested without dbt.

Not here: what a function is measured or tested on (change_points.py, alerts.py, tests/unit/dbt).
"""

from pathlib import Path
from types import ModuleType

INTERMEDIATE = Path(__file__).resolve().parents[1] / "dbt_project" / "models" / "intermediate"


def load_model(name: str) -> ModuleType:
    """Read, not imported: an import would leave a cache of bytecode among dbt's models."""
    path = INTERMEDIATE / f"{name}.py"
    module = ModuleType(name)
    exec(compile(path.read_text(encoding="utf-8"), path, "exec"), module.__dict__)
    return module
