"""An ansible-playbook that is loaded before it is known what it is to play.

To load Ansible and what this collection's plugins need takes longer than many a play; meanwhile
the play before can go on. It is started with the path of a FIFO and the modules to load; the one
line that then comes through the FIFO holds ansible-playbook's arguments, as JSON. Who holds the
other end may die: then nothing is played.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import sys

__all__ = ["main"]

_NEEDED = ("ansible.executor.playbook_executor", "ansible.plugins.strategy.linear")
"""Modules that every playbook loads later than ansible-playbook itself."""
_OBJECTS = 50_000
"""So many new ones until Python looks for circles; a play makes few."""


def main() -> None:
    """Load, wait, play."""
    fifo, *modules = sys.argv[1:]
    # To open it never waits: where nobody holds the other end any more, the end is read at once.
    end = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(end, True)
    with open(end, encoding="utf-8") as stream:  # noqa: PTH123
        from ansible.cli import playbook

        for name in (*_NEEDED, *modules):
            with contextlib.suppress(ImportError):  # said by who needs it
                importlib.import_module(name)
        # What is loaded stays to the end: neither a worker nor the end has to look through it.
        gc.freeze()
        gc.set_threshold(_OBJECTS, 20, 50)
        order = stream.readline()
    if order.endswith("\n"):
        sys.argv = ["ansible-playbook", *json.loads(order)]
        playbook.main()


if __name__ == "__main__":
    main()
