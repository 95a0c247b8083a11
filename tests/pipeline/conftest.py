"""The home that the pipeline tests share is made in ``tests.served``."""

from tests.served import real_home

__all__ = ["real_home"]
