"""The homes that pipeline tests share are made in ``tests.served`` and ``tests.made``, models for many homes in ``tests.versions``."""

from tests.made import made_home
from tests.served import real_home
from tests.versions import version_models

__all__ = ["made_home", "real_home", "version_models"]
