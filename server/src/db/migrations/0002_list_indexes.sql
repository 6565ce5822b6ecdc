DROP INDEX "inbox_messages_client";--> statement-breakpoint
DROP INDEX "messages_client_id";--> statement-breakpoint
CREATE INDEX "messages_recipient" ON "messages" USING btree ("client_id","mode","recipient","id");--> statement-breakpoint
CREATE INDEX "inbox_messages_client" ON "inbox_messages" USING btree ("client_id","mode","id");--> statement-breakpoint
CREATE INDEX "messages_client_id" ON "messages" USING btree ("client_id","mode","id");