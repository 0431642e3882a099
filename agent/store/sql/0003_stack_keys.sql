-- What the stills of one stack have in common, for those that were arranged in a folder whose stills are stacked: their
-- stem without regard to case, or the name of their burst. A still is found by it in a directory of any size. A row may
-- be behind its file, which has moved since; whoever reads goes by the file.
CREATE TABLE stack_keys (
    file_id       INTEGER PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE,
    directory_id  INTEGER NOT NULL,
    key           BLOB    NOT NULL
) STRICT;
CREATE INDEX stack_keys_by_key ON stack_keys (directory_id, key);
