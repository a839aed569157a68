"""Believable configurations, generated from a device's specification alone."""

from weibao_lab.configs.generate import generate_body
from weibao_lab.configs.secrets import conceal

__all__ = ["conceal", "generate_body"]
