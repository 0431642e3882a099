"""Finding what is to be kept: watching the folders, comparing them with the ledger, taking what is new into it.

What was only heard is never relied on: whatever the watcher missed, the comparison finds.
"""
