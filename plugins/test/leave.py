# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tests that every mutating task asks: whether its host may be changed, now.

They raise instead of being false: a task that may not be done must fail, never be skipped.
"""

from __future__ import annotations

from collections.abc import Callable

from ansible.errors import AnsibleError


def let_through(host: object, change: object) -> bool:
    """See the documentation of the test of the same name."""
    from weibao.bootstrap import gate
    from weibao.errors import WeibaoError

    try:
        return gate.let_through(str(host), str(change))
    except WeibaoError as error:
        raise AnsibleError(str(error)) from error


def only_checked(_host: object) -> bool:
    """See the documentation of the test of the same name."""
    from weibao.bootstrap import gate

    return gate.only_checking()


class TestModule:
    """The tests of this file."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        """By name."""
        return {"let_through": let_through, "only_checked": only_checked}
