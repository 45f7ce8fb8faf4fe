-- The sum over each scope's confirmed records, moved by the very statement that moves a record.
-- How far the outbox was ever pushed is one number, not a time in every row.

CREATE TABLE scope_sum (
    scope_id VARCHAR NOT NULL,
    records INTEGER NOT NULL,
    root VARCHAR NOT NULL,
    PRIMARY KEY (scope_id)
);

CREATE TRIGGER record_added AFTER INSERT ON record WHEN NEW.received_at IS NOT NULL
BEGIN
    INSERT INTO scope_sum VALUES (NEW.scope_id, 0, '0000000000000000') ON CONFLICT DO NOTHING;
    UPDATE scope_sum
    SET records = records + 1, root = root_with_record(root, NEW.id, NEW.revision, NEW.hash)
    WHERE scope_id = NEW.scope_id;
END;

CREATE TRIGGER record_taken AFTER DELETE ON record WHEN OLD.received_at IS NOT NULL
BEGIN
    UPDATE scope_sum
    SET records = records - 1,
        root = root_without_record(root, OLD.id, OLD.revision, OLD.hash)
    WHERE scope_id = OLD.scope_id;
END;

CREATE TRIGGER record_was AFTER UPDATE OF id, scope_id, revision, hash, received_at ON record
WHEN OLD.received_at IS NOT NULL
BEGIN
    UPDATE scope_sum
    SET records = records - 1,
        root = root_without_record(root, OLD.id, OLD.revision, OLD.hash)
    WHERE scope_id = OLD.scope_id;
END;

CREATE TRIGGER record_is AFTER UPDATE OF id, scope_id, revision, hash, received_at ON record
WHEN NEW.received_at IS NOT NULL
BEGIN
    INSERT INTO scope_sum VALUES (NEW.scope_id, 0, '0000000000000000') ON CONFLICT DO NOTHING;
    UPDATE scope_sum
    SET records = records + 1, root = root_with_record(root, NEW.id, NEW.revision, NEW.hash)
    WHERE scope_id = NEW.scope_id;
END;

CREATE TRIGGER retired_added AFTER INSERT ON retired
BEGIN
    INSERT INTO scope_sum VALUES (NEW.scope_id, 0, '0000000000000000') ON CONFLICT DO NOTHING;
    UPDATE scope_sum SET records = records + 1, root = root_with(root, NEW.digest)
    WHERE scope_id = NEW.scope_id;
END;

CREATE TRIGGER retired_taken AFTER DELETE ON retired
BEGIN
    UPDATE scope_sum SET records = records - 1, root = root_without(root, OLD.digest)
    WHERE scope_id = OLD.scope_id;
END;

INSERT INTO setting
SELECT 'outbox.sent_through', CAST(max(device_seq) AS TEXT) FROM outbox
WHERE sent_at IS NOT NULL HAVING count(*) > 0;

ALTER TABLE outbox DROP COLUMN sent_at;
