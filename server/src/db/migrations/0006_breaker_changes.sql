CREATE TYPE "public"."breaker_change_kind" AS ENUM('opened', 'half_open', 'probe_failed', 'closed');--> statement-breakpoint
CREATE TABLE "breaker_changes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"provider" text NOT NULL,
	"kind" "breaker_change_kind" NOT NULL,
	"reason" text NOT NULL,
	"worker" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "breaker_changes_provider" ON "breaker_changes" USING btree ("provider","id");