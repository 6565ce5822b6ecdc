CREATE TABLE "message_keys" (
	"client_id" uuid NOT NULL,
	"mode" "key_mode" NOT NULL,
	"key" uuid NOT NULL,
	"message_id" uuid NOT NULL,
	CONSTRAINT "message_keys_walk" PRIMARY KEY("client_id","mode","key","message_id")
);
--> statement-breakpoint
-- Status and provider of many messages are read from the index alone, for statistics and lists.
DROP INDEX "messages_client_id";--> statement-breakpoint
CREATE INDEX "messages_client_id" ON "messages" USING btree ("client_id","mode","id") INCLUDE ("status", "template_name", "provider");--> statement-breakpoint
DROP INDEX "messages_recipient";--> statement-breakpoint
CREATE INDEX "messages_status" ON "messages" USING btree ("client_id","mode","status","id");--> statement-breakpoint
ALTER TABLE "message_recipients" ADD COLUMN "client_id" uuid;--> statement-breakpoint
UPDATE "message_recipients" r SET "client_id" = m."client_id" FROM "messages" m WHERE m."id" = r."message_id";--> statement-breakpoint
ALTER TABLE "message_recipients" ALTER COLUMN "client_id" SET NOT NULL;--> statement-breakpoint
CREATE INDEX "message_recipients_email" ON "message_recipients" USING btree ("client_id",lower("email"),"message_id");--> statement-breakpoint
-- Once for all messages of a statement: a trigger for each row would cost the most where messages come in hundreds.
CREATE FUNCTION "add_message_keys"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO message_keys (client_id, mode, key, message_id)
	SELECT client_id, mode, md5('trace:' || trace_id)::uuid, id FROM added
	UNION ALL
	SELECT client_id, mode, md5('template:' || template_name)::uuid, id FROM added WHERE template_name IS NOT NULL
	UNION ALL
	SELECT a.client_id, a.mode, md5('tag:' || t.key || chr(10) || t.value)::uuid, a.id
	FROM added a CROSS JOIN LATERAL jsonb_each_text(a.tags) t WHERE a.tags <> '{}'
	ON CONFLICT DO NOTHING;
	RETURN NULL;
END $$;--> statement-breakpoint
CREATE FUNCTION "change_message_tags"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM message_keys k USING jsonb_each_text(OLD.tags) t
	WHERE k.client_id = OLD.client_id AND k.mode = OLD.mode AND k.message_id = OLD.id
		AND k.key = md5('tag:' || t.key || chr(10) || t.value)::uuid;
	INSERT INTO message_keys (client_id, mode, key, message_id)
	SELECT NEW.client_id, NEW.mode, md5('tag:' || t.key || chr(10) || t.value)::uuid, NEW.id
	FROM jsonb_each_text(NEW.tags) t
	ON CONFLICT DO NOTHING;
	RETURN NULL;
END $$;--> statement-breakpoint
CREATE FUNCTION "remove_message_keys"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM message_keys k USING (
		SELECT client_id, mode, md5('trace:' || trace_id)::uuid AS key, id FROM removed
		UNION ALL
		SELECT client_id, mode, md5('template:' || template_name)::uuid, id FROM removed WHERE template_name IS NOT NULL
		UNION ALL
		SELECT r.client_id, r.mode, md5('tag:' || t.key || chr(10) || t.value)::uuid, r.id
		FROM removed r CROSS JOIN LATERAL jsonb_each_text(r.tags) t
	) gone
	WHERE (k.client_id, k.mode, k.key, k.message_id) = (gone.client_id, gone.mode, gone.key, gone.id);
	RETURN NULL;
END $$;--> statement-breakpoint
CREATE TRIGGER "messages_added" AFTER INSERT ON "messages" REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION "add_message_keys"();--> statement-breakpoint
CREATE TRIGGER "messages_tags_changed" AFTER UPDATE OF "tags" ON "messages" FOR EACH ROW WHEN (OLD.tags IS DISTINCT FROM NEW.tags) EXECUTE FUNCTION "change_message_tags"();--> statement-breakpoint
CREATE TRIGGER "messages_removed" AFTER DELETE ON "messages" REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION "remove_message_keys"();--> statement-breakpoint
INSERT INTO "message_keys" ("client_id", "mode", "key", "message_id")
SELECT client_id, mode, md5('trace:' || trace_id)::uuid, id FROM messages
UNION ALL
SELECT client_id, mode, md5('template:' || template_name)::uuid, id FROM messages WHERE template_name IS NOT NULL
UNION ALL
SELECT m.client_id, m.mode, md5('tag:' || t.key || chr(10) || t.value)::uuid, m.id
FROM messages m CROSS JOIN LATERAL jsonb_each_text(m.tags) t WHERE m.tags <> '{}'
ON CONFLICT DO NOTHING;
