"""What all pages of reports share: their looks, and how a template is opened."""

from __future__ import annotations

import base64
import functools
import hashlib
from importlib import resources

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

__all__ = ["css_string", "digest", "environment", "text"]

_SHARED = "weibao.reports"


@functools.cache
def text(name: str, package: str = _SHARED) -> Markup:
    """A file of our own beside a package's templates, to be put into a page as it is."""
    folder = resources.files(package).joinpath("templates")
    return Markup(folder.joinpath(name).read_text(encoding="utf-8"))  # noqa: S704 - our own file


@functools.cache
def digest(name: str, package: str = _SHARED) -> str:
    """Of a script, as the page's content security policy names it."""
    return base64.b64encode(hashlib.sha256(text(name, package).encode()).digest()).decode()


def environment(package: str) -> Environment:
    """Templates of ``package``, and those that all share; every value is escaped."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(_SHARED)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(css_string=css_string, percent=_percent)
    return made


def css_string(text: str) -> Markup:
    """``text`` as a CSS string in which nothing but letters and digits stands bare."""
    coded = "".join(c if c.isalnum() and c.isascii() else f"\\{ord(c):x} " for c in text)
    return Markup(f'"{coded}"')  # noqa: S704 - every other character is coded


def _percent(value: float) -> str:
    if 0 < value < 0.1:
        return "<0.1%"
    if 99.9 < value < 100:
        return ">99.9%"
    return f"{value:.1f}%" if value % 1 else f"{value:.0f}%"
