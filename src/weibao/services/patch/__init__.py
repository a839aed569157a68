"""Patching: the state of hosts, the judgement of each step, confirmation afterwards."""
