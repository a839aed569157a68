"""Network sessions at fleet size: many devices read at once, each on its own merits.

``pool`` (in the process that asks) starts ``worker`` processes and hands them a ``job``
by pipe; each worker reads its devices in threads: ``collect`` does one device with its
retries, ``connect`` opens the line (``libssh_line``, else ``netmiko_line``),
``session`` talks, ``wire`` moves bytes.
"""
