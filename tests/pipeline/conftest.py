"""The home that the pipeline tests share is made in ``tests.served``, models for many homes in ``tests.versions``."""

from tests.served import real_home
from tests.versions import version_models

__all__ = ["real_home", "version_models"]
