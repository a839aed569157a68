# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action plugin of the same name; nothing runs on a target."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gate
short_description: Ask for leave to change the hosts of a play
description:
  - Verifies by itself that the change is running, that all of its approvals are signed and
    hold for exactly what is about to be run, that it is the time for it, that a step of it
    has begun on these hosts, and that the command line brings nothing that was not approved.
  - It fails for all hosts of the play where anything of this does not hold.
  - Where it succeeds it leaves a ticket, which P(weibao.core.let_through#test) asks for before
    each mutating task. The gate's result opens nothing by itself.
  - With C(--check) on the command line nothing is asked for, and no ticket is written.
version_added: 0.2.0
author:
  - The Weibao project (@weibao)
options:
  change:
    description:
      - The change's number.
    type: str
  estate:
    description:
      - Folder of the estate, with its C(weibao.yml). The current folder by default.
    type: path
attributes:
  check_mode:
    description: Lets everything through, since nothing is changed.
    support: full
"""

EXAMPLES = r"""
- name: Ask for leave
  weibao.core.gate:
    change: "{{ weibao_change | default('') }}"
    estate: "{{ weibao_estate | default(lookup('ansible.builtin.env', 'PWD'), true) }}"

- name: Everything that changes something
  when: inventory_hostname is weibao.core.let_through(weibao_change | default(''))
  check_mode: "{{ ansible_check_mode or inventory_hostname is weibao.core.only_checked }}"
  block:
    - name: Change something
      ansible.builtin.copy:
        dest: /etc/motd
        content: "{{ motd_text }}"
        mode: "0644"
"""

RETURN = r"""
given:
  description: Whether leave was given; false in check mode.
  returned: success
  type: bool
"""
