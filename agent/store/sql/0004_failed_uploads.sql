-- What failed is another matter once its file changed, was moved, or is tried again with its folder: the failed upload is
-- called off when none of its asset's files counts as failed there any more. A new one takes its place, and the old one
-- would be shown as failed beside it for ever.
CREATE INDEX jobs_failed_by_key ON background_service_jobs (unique_key) WHERE status = 'FAILED';
CREATE TRIGGER failures_forgiven AFTER DELETE ON failures BEGIN
    UPDATE background_service_jobs SET status = 'CANCELLED'
    WHERE status = 'FAILED' AND unique_key = (
        SELECT printf('upload:%s:%010d', old.destination_id, f.asset_id) FROM files f
        WHERE f.id = old.file_id AND f.asset_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM files m JOIN failures x ON x.file_id = m.id AND x.destination_id = old.destination_id
            WHERE m.asset_id = f.asset_id AND m.state NOT IN ('gone', 'excluded')));
END;
