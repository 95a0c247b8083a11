"""Named points at which a test can make the process die, as a power cut would. Nothing happens otherwise.

``SAHEL_FAILPOINT=name`` kills at the first pass, ``name:3`` at the third. Used by the crash tests only.
"""

import os
import signal
from collections import Counter

POINTS = (
    "load.payload_stored",
    "load.landing_dropped",
    "load.landed",
    "load.audited",
    "load.before_commit",
    "load.after_commit",
    "build.before_dbt",
    "build.after_dbt",
    "publish.tables_copied",
    "publish.checked",
    "publish.renamed",
)
_passes: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """Die here by SIGKILL if the environment asks for it."""
    wanted = os.environ.get("SAHEL_FAILPOINT")
    if not wanted:
        return
    point, _, nth = wanted.partition(":")
    if point == name:
        _passes[name] += 1
        if _passes[name] >= int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)
