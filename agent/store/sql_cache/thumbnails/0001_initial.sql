-- Small pictures of what is on this computer. All of it can be made again; the file may be deleted at any time.
--
-- Times are UTC epoch milliseconds unless a column says otherwise, sizes are bytes, paths are the bytes of the file
-- system. `file_hash` is the SHA-1 of the file's bytes in hex where it is known, else `path:` and a digest of path, size
-- and time of change; it becomes the SHA-1 when that is learned, for nothing is read only to be named.

-- One picture for each content, fitted into the first of the sizes that the settings ask for. A published table:
-- `created_at` is ISO 8601 in UTC, `file_mtime` seconds, `file_path` the path as text (see protocol/paths.py).
CREATE TABLE thumbnails (
    file_hash       TEXT PRIMARY KEY,
    file_path       TEXT NOT NULL,
    thumbnail_data  BLOB NOT NULL,
    created_at      TEXT,
    file_mtime      REAL
);
CREATE INDEX idx_file_path ON thumbnails(file_path);

-- What is known of each of them beside the published columns. `bytes` counts all its sizes; `used_at` is when it was last
-- looked at, or else made: the least recently used go first. `views` counts the days on which it was looked at.
CREATE TABLE entries (
    file_hash  TEXT    PRIMARY KEY,
    bound_px   INTEGER NOT NULL,
    width      INTEGER NOT NULL,
    height     INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    used_at    INTEGER NOT NULL,
    viewed_at  INTEGER,
    views      INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX entries_by_use ON entries (used_at);
CREATE INDEX entries_by_view ON entries (viewed_at) WHERE viewed_at IS NOT NULL;

-- The same pictures in further sizes.
CREATE TABLE other_sizes (
    file_hash  TEXT    NOT NULL,
    bound_px   INTEGER NOT NULL,
    width      INTEGER NOT NULL,
    height     INTEGER NOT NULL,
    picture    BLOB    NOT NULL,
    PRIMARY KEY (file_hash, bound_px)
) STRICT;

-- Where a file lay, and as what, when its picture was made: a file that is still so has its picture.
CREATE TABLE places (
    path       BLOB    PRIMARY KEY,
    size       INTEGER NOT NULL,
    mtime_ns   INTEGER NOT NULL,
    file_hash  TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX places_by_hash ON places (file_hash);

-- Tiny pictures that cameras put into their files, shown until the real one is made.
CREATE TABLE first_pictures (
    path      BLOB    PRIMARY KEY,
    size      INTEGER NOT NULL,
    mtime_ns  INTEGER NOT NULL,
    width     INTEGER NOT NULL,
    height    INTEGER NOT NULL,
    picture   BLOB    NOT NULL
) STRICT;

-- Files that gave no picture, and why. Not tried again until they change; `reported` once a pass has told of them.
CREATE TABLE failures (
    path       BLOB    PRIMARY KEY,
    size       INTEGER NOT NULL,
    mtime_ns   INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    failed_at  INTEGER NOT NULL,
    reported   INTEGER NOT NULL DEFAULT 0 CHECK (reported IN (0, 1))
) STRICT, WITHOUT ROWID;
