CREATE INDEX "clients_status" ON "clients" USING btree ("status","id");--> statement-breakpoint
CREATE INDEX "dead_letters_template" ON "dead_letters" USING btree ("template_name","message_id");--> statement-breakpoint
CREATE INDEX "dead_letters_provider" ON "dead_letters" USING btree ("provider","message_id");--> statement-breakpoint
CREATE INDEX "dead_letters_created" ON "dead_letters" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "suppressions_reason" ON "suppressions" USING btree ("client_id","reason","id");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_status" ON "webhook_deliveries" USING btree ("endpoint_id","status","id");