CREATE TYPE "public"."message_priority" AS ENUM('high', 'normal', 'low');--> statement-breakpoint
CREATE TYPE "public"."suppression_reason" AS ENUM('hard_bounce', 'complaint', 'unsubscribe', 'manual');--> statement-breakpoint
ALTER TYPE "public"."message_event_type" ADD VALUE 'scheduled' BEFORE 'attempted';--> statement-breakpoint
ALTER TYPE "public"."message_event_type" ADD VALUE 'rescheduled' BEFORE 'attempted';--> statement-breakpoint
ALTER TYPE "public"."message_event_type" ADD VALUE 'due' BEFORE 'attempted';--> statement-breakpoint
ALTER TYPE "public"."message_event_type" ADD VALUE 'canceled' BEFORE 'attempted';--> statement-breakpoint
ALTER TYPE "public"."message_event_type" ADD VALUE 'failed_over' BEFORE 'handed_over';--> statement-breakpoint
ALTER TYPE "public"."message_event_type" ADD VALUE 'bounced' BEFORE 'failed';--> statement-breakpoint
ALTER TYPE "public"."message_event_type" ADD VALUE 'spam' BEFORE 'failed';--> statement-breakpoint
ALTER TYPE "public"."message_event_type" ADD VALUE 'opened' BEFORE 'failed';--> statement-breakpoint
ALTER TYPE "public"."message_event_type" ADD VALUE 'clicked' BEFORE 'failed';--> statement-breakpoint
ALTER TYPE "public"."message_event_type" ADD VALUE 'unsubscribed' BEFORE 'failed';--> statement-breakpoint
ALTER TYPE "public"."message_event_type" ADD VALUE 'suppressed' BEFORE 'failed';--> statement-breakpoint
ALTER TYPE "public"."message_event_type" ADD VALUE 'resolved';--> statement-breakpoint
ALTER TYPE "public"."message_event_type" ADD VALUE 'retried';--> statement-breakpoint
-- A value that is added to a type cannot be used in the same transaction, and an index and a check below use one: the type is made anew.
ALTER TYPE "public"."message_status" RENAME TO "message_status_before";--> statement-breakpoint
CREATE TYPE "public"."message_status" AS ENUM('scheduled', 'queued', 'sending', 'sent', 'delivered', 'bounced', 'spam', 'failed', 'canceled', 'suppressed', 'unknown');--> statement-breakpoint
DROP INDEX "messages_unfinished";--> statement-breakpoint
ALTER TABLE "messages" ALTER COLUMN "status" DROP DEFAULT, ALTER COLUMN "status" TYPE "message_status" USING "status"::text::"message_status", ALTER COLUMN "status" SET DEFAULT 'queued';--> statement-breakpoint
ALTER TABLE "message_recipients" ALTER COLUMN "status" DROP DEFAULT, ALTER COLUMN "status" TYPE "message_status" USING "status"::text::"message_status", ALTER COLUMN "status" SET DEFAULT 'queued';--> statement-breakpoint
DROP TYPE "public"."message_status_before";--> statement-breakpoint
CREATE INDEX "messages_unfinished" ON "messages" USING btree ("updated_at") WHERE "messages"."status" in ('queued', 'sending');--> statement-breakpoint
CREATE TABLE "blobs" (
	"key" text PRIMARY KEY NOT NULL,
	"bytes" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "client_usage" (
	"client_id" uuid NOT NULL,
	"month" text NOT NULL,
	"accepted" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "client_usage_client_id_month_pk" PRIMARY KEY("client_id","month")
);
--> statement-breakpoint
CREATE TABLE "dead_letters" (
	"message_id" uuid PRIMARY KEY NOT NULL,
	"client_id" uuid NOT NULL,
	"template_name" text,
	"provider" text,
	"reason" text NOT NULL,
	"attempts" integer NOT NULL,
	"history" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"owner_id" uuid NOT NULL,
	"mode" "key_mode" NOT NULL,
	"method" text NOT NULL,
	"path" text NOT NULL,
	"key" text NOT NULL,
	"request_hash" text NOT NULL,
	"status" integer,
	"response" text,
	"locked_until" timestamp (3) with time zone,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_keys_owner_id_mode_method_path_key_pk" PRIMARY KEY("owner_id","mode","method","path","key")
);
--> statement-breakpoint
CREATE TABLE "message_attachments" (
	"message_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"filename" text NOT NULL,
	"content_type" text NOT NULL,
	"content_id" text,
	"size_bytes" integer NOT NULL,
	"blob_key" text NOT NULL,
	CONSTRAINT "message_attachments_message_id_position_pk" PRIMARY KEY("message_id","position")
);
--> statement-breakpoint
CREATE TABLE "service_leases" (
	"name" text PRIMARY KEY NOT NULL,
	"holder" uuid NOT NULL,
	"until" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "suppressions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"client_id" uuid NOT NULL,
	"email" text NOT NULL,
	"reason" "suppression_reason" NOT NULL,
	"message_id" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "messages" DROP CONSTRAINT "messages_content";--> statement-breakpoint
ALTER TABLE "clients" ADD COLUMN "quota_limit" integer;--> statement-breakpoint
ALTER TABLE "clients" ADD COLUMN "rate_limit" integer;--> statement-breakpoint
ALTER TABLE "clients" ADD COLUMN "provider" text;--> statement-breakpoint
ALTER TABLE "message_events" ADD COLUMN "provider_event_id" text;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "body_blob" text;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "kept_body_blob" text;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "priority" "message_priority" DEFAULT 'normal' NOT NULL;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "scheduled_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "retry_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "unsubscribe_secret" text;--> statement-breakpoint
ALTER TABLE "client_usage" ADD CONSTRAINT "client_usage_client_id_clients_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dead_letters" ADD CONSTRAINT "dead_letters_message_id_messages_id_fk" FOREIGN KEY ("message_id") REFERENCES "public"."messages"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message_attachments" ADD CONSTRAINT "message_attachments_message_id_messages_id_fk" FOREIGN KEY ("message_id") REFERENCES "public"."messages"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "suppressions" ADD CONSTRAINT "suppressions_client_id_clients_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "dead_letters_client" ON "dead_letters" USING btree ("client_id","message_id");--> statement-breakpoint
CREATE INDEX "idempotency_keys_expiry" ON "idempotency_keys" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "suppressions_client_email" ON "suppressions" USING btree ("client_id","email");--> statement-breakpoint
CREATE INDEX "suppressions_client" ON "suppressions" USING btree ("client_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "message_events_provider_event" ON "message_events" USING btree ("provider","provider_event_id") WHERE "message_events"."provider_event_id" is not null;--> statement-breakpoint
CREATE INDEX "messages_due" ON "messages" USING btree ("scheduled_at") WHERE "messages"."status" = 'scheduled';--> statement-breakpoint
CREATE INDEX "messages_provider_message" ON "messages" USING btree ("provider_msg_id") WHERE "messages"."provider_msg_id" is not null;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_scheduled" CHECK ("messages"."status" <> 'scheduled' or "messages"."scheduled_at" is not null);--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_content" CHECK (num_nonnulls("messages"."template_name", "messages"."html", "messages"."text", "messages"."body_blob") > 0);