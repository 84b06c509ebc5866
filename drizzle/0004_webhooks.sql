-- Keeps what providers tell us by themselves. Older workers survive: the table is new to them.
CREATE TABLE "ledger"."webhook" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"provider" text NOT NULL,
	"event_id" text NOT NULL,
	"type" text NOT NULL,
	"reference" text,
	"op_id" text,
	"tenant" text,
	"evidence" jsonb,
	"happened_at" timestamp with time zone NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"applied_at" timestamp with time zone,
	"state" text DEFAULT 'received' NOT NULL,
	"reason" text,
	CONSTRAINT "webhook_event" UNIQUE("provider","event_id"),
	CONSTRAINT "webhook_state" CHECK (state in ('received', 'applied', 'ignored', 'held')),
	CONSTRAINT "webhook_matched" CHECK ((op_id is null) = (tenant is null)),
	CONSTRAINT "webhook_reason" CHECK ((state in ('ignored', 'held')) = (reason is not null)),
	CONSTRAINT "webhook_applied" CHECK ((state = 'applied') = (applied_at is not null)),
	CONSTRAINT "webhook_proof" CHECK (state <> 'applied' or (op_id is not null and evidence is not null))
);
--> statement-breakpoint
ALTER TABLE "ledger"."webhook" ADD CONSTRAINT "webhook_op_id_operation_op_id_fk" FOREIGN KEY ("op_id") REFERENCES "ledger"."operation"("op_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "webhook_waiting" ON "ledger"."webhook" USING btree ("id") WHERE state = 'received';--> statement-breakpoint
CREATE INDEX "webhook_op" ON "ledger"."webhook" USING btree ("op_id");