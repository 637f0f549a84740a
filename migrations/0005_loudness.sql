-- How loud a track is (ITU-R BS.1770-4): the integrated loudness in LUFS and the true peak in dBTP, measured while it is decoded. NULL: not yet; a loudness that
-- stays NULL beside a peak belongs to a track without anything above the gates.
ALTER TABLE tracks ADD COLUMN loudness_lufs REAL;
ALTER TABLE tracks ADD COLUMN true_peak_db REAL;

DROP TRIGGER tracks_update;
CREATE TRIGGER tracks_update AFTER UPDATE OF
    title, artist, album, genre, year, bpm, duration_seconds, track_hash, filename, format, sample_rate,
    channels, size_bytes, art_hash, loudness_lufs, true_peak_db, deleted_at ON tracks BEGIN
    INSERT INTO changed_row VALUES ('tracks', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE tracks SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;
