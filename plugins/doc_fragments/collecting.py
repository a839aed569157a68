# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the modules that collect have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """Options and attributes."""

    DOCUMENTATION = r"""
options:
  estate:
    description:
      - Folder of the estate, with its C(weibao.yml). The current folder by default.
    type: path
  run_folder:
    description:
      - Folder of the run that takes the bundle. A new one by default.
    type: path
  watch_pid:
    description:
      - The collection ends when this process does. The runner sets it.
    type: int
attributes:
  check_mode:
    description: Reads in check mode too.
    support: full
"""
