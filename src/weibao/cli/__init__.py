"""The command ``weibao``: parse, call, show, exit code."""

from weibao.cli.app import main

__all__ = ["main"]
