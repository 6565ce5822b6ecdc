CREATE TABLE "template_builds" (
	"content_hash" text NOT NULL,
	"engine_version" text NOT NULL,
	"code" text NOT NULL,
	"code_hash" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "template_builds_content_hash_engine_version_pk" PRIMARY KEY("content_hash","engine_version")
);
--> statement-breakpoint
ALTER TABLE "templates" DROP CONSTRAINT "templates_owner_name";--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "locale" text;--> statement-breakpoint
ALTER TABLE "template_versions" ADD COLUMN "warnings" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "template_versions" ADD COLUMN "from_address" text;--> statement-breakpoint
ALTER TABLE "template_versions" ADD COLUMN "headers" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "templates" ADD COLUMN "deleted_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE UNIQUE INDEX "templates_owner_name" ON "templates" USING btree ("client_id","name") NULLS NOT DISTINCT WHERE "templates"."deleted_at" is null;
