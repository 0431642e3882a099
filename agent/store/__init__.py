"""All that survives a restart: the ledger in SQLite, the settings file, the journal of what only the user knows.

`db` opens the database and owns sqlite3; one module per table group holds its statements as functions that take a
transaction. Knows nothing of threads' work, network or the socket. Called from any thread: writers take turns.
"""
