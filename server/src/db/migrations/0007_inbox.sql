ALTER TABLE "inbox_messages" ADD COLUMN "body_text" text;--> statement-breakpoint
ALTER TABLE "inbox_messages" ADD COLUMN "read_at" timestamp (3) with time zone;