-- What pictures and videos say of themselves. All of it can be read again; the file may be deleted at any time.
--
-- Keys, paths and times are as in thumbnails.db.

-- A published table: `width` and `height` are as stored, before the picture is turned; `duration` is seconds, NULL for
-- stills; `created_at` is ISO 8601 in UTC, `file_mtime` seconds.
CREATE TABLE media_metadata (
    file_hash   TEXT PRIMARY KEY,
    file_path   TEXT NOT NULL,
    width       INTEGER,
    height      INTEGER,
    file_size   INTEGER,
    duration    REAL,
    format      TEXT,
    created_at  TEXT,
    file_mtime  REAL
);
CREATE INDEX idx_meta_file_path ON media_metadata(file_path);

-- What else is known. `captured_at_text` is ISO 8601 in the camera's own time, `offset_text` its distance to UTC;
-- `orientation` is EXIF's, 1 to 8; `content_identifier` joins the two files of a live photo; `thumbhash` is a placeholder.
CREATE TABLE details (
    file_hash           TEXT    PRIMARY KEY,
    captured_at_text    TEXT,
    offset_text         TEXT,
    camera              TEXT,
    orientation         INTEGER CHECK (orientation BETWEEN 1 AND 8),
    has_gps             INTEGER NOT NULL DEFAULT 0 CHECK (has_gps IN (0, 1)),
    content_identifier  TEXT,
    thumbhash           BLOB
) STRICT, WITHOUT ROWID;

CREATE TABLE places (
    path       BLOB    PRIMARY KEY,
    size       INTEGER NOT NULL,
    mtime_ns   INTEGER NOT NULL,
    file_hash  TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX places_by_hash ON places (file_hash);

CREATE TABLE failures (
    path       BLOB    PRIMARY KEY,
    size       INTEGER NOT NULL,
    mtime_ns   INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    failed_at  INTEGER NOT NULL,
    reported   INTEGER NOT NULL DEFAULT 0 CHECK (reported IN (0, 1))
) STRICT, WITHOUT ROWID;
