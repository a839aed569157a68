"""Run as a program by Ansible's own Python: encrypt a JSON list of texts from standard input.

The password is found as every Ansible command finds it (environment, ``ansible.cfg``,
password scripts, identities). The encrypted texts come back as a JSON list.
"""

from __future__ import annotations

import contextlib
import json
import sys

from ansible import constants
from ansible.cli import CLI
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, match_encrypt_secret


def main() -> int:
    """Print the list; 0 where all could be encrypted."""
    texts = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        secrets = CLI.setup_vault_secrets(
            DataLoader(), vault_ids=list(constants.DEFAULT_VAULT_IDENTITY_LIST), auto_prompt=False
        )
        identity, secret = match_encrypt_secret(
            secrets, encrypt_vault_id=constants.DEFAULT_VAULT_ENCRYPT_IDENTITY
        )
        vault = VaultLib(secrets)
        sealed = [vault.encrypt(text, secret, identity).decode() for text in texts]
    json.dump(sealed, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
