"""What single encrypted values say, opened by Ansible's own code in a process of its own.

Importing Ansible takes a third of a second; few inventories have encrypted values that are
no secrets of the connection, so it is done only then. The texts pass through pipes.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

__all__ = ["opener"]

_SECONDS = 60


def opener(
    folder: Path, env: Mapping[str, str], options: Sequence[str]
) -> Callable[[Sequence[str]], list[str | None]]:
    """A function that opens values with the passwords that Ansible would find in ``folder``.

    ``options`` are ``--vault-id …`` and ``--vault-password-file …``. What no password opens is
    None; nothing is asked for on a terminal.
    """

    def opened(texts: Sequence[str]) -> list[str | None]:
        command = [sys.executable, "-P", str(Path(__file__)), *options]
        try:
            done = subprocess.run(
                command,
                input=json.dumps(list(texts)).encode(),
                cwd=folder,
                env=dict(env),
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                start_new_session=True,
            )
            found = json.loads(done.stdout)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            found = []
        return found if len(found) == len(texts) else [None] * len(texts)

    return opened


def _main(arguments: list[str]) -> int:
    from ansible import constants
    from ansible.cli import CLI
    from ansible.parsing.dataloader import DataLoader
    from ansible.parsing.vault import VaultLib

    given: dict[str, list[str]] = {"--vault-id": [], "--vault-password-file": []}
    words = [word for argument in arguments for word in argument.split("=", 1)]
    for name, value in zip(words[::2], words[1::2], strict=True):
        given[name].append(value)
    texts = json.load(sys.stdin)
    found: list[str | None] = []
    with contextlib.redirect_stdout(sys.stderr):
        secrets = CLI.setup_vault_secrets(
            DataLoader(),
            vault_ids=[*constants.DEFAULT_VAULT_IDENTITY_LIST, *given["--vault-id"]],
            vault_password_files=given["--vault-password-file"],
            auto_prompt=False,
        )
        vault = VaultLib(secrets)
        for text in texts:
            try:
                found.append(vault.decrypt(text.encode()).decode())
            except Exception:  # whatever it is, it did not open
                found.append(None)
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
