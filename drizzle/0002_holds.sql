-- Attempts know their amount and refunds their payment. Older workers survive: both may be null.
ALTER TABLE "ledger"."attempt" ADD COLUMN "amount" bigint;--> statement-breakpoint
ALTER TABLE "ledger"."hold" ADD COLUMN "parent" bigint;--> statement-breakpoint
ALTER TABLE "ledger"."hold" ADD CONSTRAINT "hold_parent_operation_id_fk" FOREIGN KEY ("parent") REFERENCES "ledger"."operation"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "hold_expiry" ON "ledger"."hold" USING btree ("expires_at") WHERE state = 'held';--> statement-breakpoint
CREATE INDEX "hold_parent" ON "ledger"."hold" USING btree ("parent") WHERE parent is not null;