-- The tables of the ledger. The first migration: there are no older workers.
CREATE SCHEMA "ledger";
--> statement-breakpoint
CREATE TABLE "ledger"."account" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"trace" text NOT NULL,
	"account_id" text NOT NULL,
	"slot" smallint DEFAULT 0 NOT NULL,
	"slots" smallint DEFAULT 1 NOT NULL,
	"currency" text NOT NULL,
	"kind" text NOT NULL,
	"owner" text,
	"status" text DEFAULT 'open' NOT NULL,
	"posted" bigint DEFAULT 0 NOT NULL,
	"held" bigint DEFAULT 0 NOT NULL,
	"overdraft_limit" bigint DEFAULT 0 NOT NULL,
	"version" bigint DEFAULT 0 NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	"chain" "bytea" NOT NULL,
	CONSTRAINT "account_slot" UNIQUE("tenant","account_id","slot"),
	CONSTRAINT "account_kind" CHECK (kind in ('customer', 'merchant', 'internal')),
	CONSTRAINT "account_status" CHECK (status in ('open', 'frozen', 'closed')),
	CONSTRAINT "account_slots" CHECK (slots between 1 and 64 and (slots = 1 or kind <> 'customer')),
	CONSTRAINT "account_held" CHECK (held >= 0),
	CONSTRAINT "account_available" CHECK (kind = 'internal' or slots > 1 or posted - held >= -overdraft_limit),
	CONSTRAINT "account_range" CHECK (posted between -9007199254740991 and 9007199254740991),
	CONSTRAINT "account_overdraft" CHECK (overdraft_limit between 0 and 999999999999999)
);
--> statement-breakpoint
CREATE TABLE "ledger"."attempt" (
	"op" bigint NOT NULL,
	"step" text NOT NULL,
	"n" integer NOT NULL,
	"tenant" text NOT NULL,
	"trace" text NOT NULL,
	"key" text NOT NULL,
	"sent_at" timestamp with time zone NOT NULL,
	"outcome" jsonb,
	CONSTRAINT "attempt_op_step_n_pk" PRIMARY KEY("op","step","n"),
	CONSTRAINT "attempt_key_unique" UNIQUE("key")
);
--> statement-breakpoint
CREATE TABLE "ledger"."audit" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"op" bigint NOT NULL,
	"tenant" text NOT NULL,
	"trace" text NOT NULL,
	"principal" text NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"subject" text NOT NULL,
	"detail" jsonb NOT NULL,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledger"."entry" (
	"account" bigint NOT NULL,
	"version" bigint NOT NULL,
	"tenant" text NOT NULL,
	"trace" text NOT NULL,
	"op" bigint NOT NULL,
	"step" text NOT NULL,
	"currency" text NOT NULL,
	"posted_delta" bigint NOT NULL,
	"held_delta" bigint NOT NULL,
	"posted_after" bigint NOT NULL,
	"held_after" bigint NOT NULL,
	"recorded_at" timestamp with time zone NOT NULL,
	"happened_at" timestamp with time zone NOT NULL,
	"hash" "bytea" NOT NULL,
	CONSTRAINT "entry_account_version_pk" PRIMARY KEY("account","version")
);
--> statement-breakpoint
CREATE TABLE "ledger"."hold" (
	"op" bigint PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"trace" text NOT NULL,
	"account" bigint,
	"payee" bigint,
	"method" text,
	"currency" text,
	"amount" bigint NOT NULL,
	"captured" bigint DEFAULT 0 NOT NULL,
	"released" bigint DEFAULT 0 NOT NULL,
	"state" text NOT NULL,
	"tombstone" boolean DEFAULT false NOT NULL,
	"expires_at" timestamp with time zone,
	CONSTRAINT "hold_state" CHECK (state in ('held', 'captured', 'released')),
	CONSTRAINT "hold_arithmetic" CHECK (captured >= 0 and released >= 0 and captured + released <= amount),
	CONSTRAINT "hold_closed" CHECK (state = 'held' or captured + released = amount),
	CONSTRAINT "hold_real" CHECK (tombstone = (account is null) and (tombstone or (amount > 0 and payee is not null)))
);
--> statement-breakpoint
CREATE TABLE "ledger"."operation" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"op_id" text NOT NULL,
	"tenant" text NOT NULL,
	"trace" text NOT NULL,
	"principal" text NOT NULL,
	"actor" text NOT NULL,
	"domain" text NOT NULL,
	"event_type" text NOT NULL,
	"biz_key" text NOT NULL,
	"idem_key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"digests" jsonb NOT NULL,
	"command" jsonb NOT NULL,
	"sealed" "bytea",
	"state" text DEFAULT 'PENDING' NOT NULL,
	"phase" text,
	"outcome" jsonb,
	"account" text,
	"amount" bigint,
	"currency" text,
	"seq" integer DEFAULT 0 NOT NULL,
	"accepted_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	"budget_ends_at" timestamp with time zone NOT NULL,
	"parent_op_id" text,
	CONSTRAINT "operation_op_id_unique" UNIQUE("op_id"),
	CONSTRAINT "operation_key" UNIQUE("tenant","principal","domain","event_type","idem_key"),
	CONSTRAINT "operation_state" CHECK (state in ('PENDING', 'IN_PROGRESS', 'COMPLETED', 'FAILED')),
	CONSTRAINT "operation_phase" CHECK (phase in ('held', 'charging', 'in-doubt', 'deferred', 'awaiting-approval', 'parked')),
	CONSTRAINT "operation_outcome" CHECK ((state in ('COMPLETED', 'FAILED')) = (outcome is not null)),
	CONSTRAINT "operation_no_phase" CHECK (outcome is null or phase is null),
	CONSTRAINT "operation_amount" CHECK (amount is null or amount > 0)
);
--> statement-breakpoint
CREATE TABLE "ledger"."outbox" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"op" bigint NOT NULL,
	"seq" integer NOT NULL,
	"tenant" text NOT NULL,
	"trace" text NOT NULL,
	"type" text NOT NULL,
	"subject" text NOT NULL,
	"data" jsonb NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"leased_until" timestamp with time zone,
	"published_at" timestamp with time zone,
	CONSTRAINT "outbox_seq" UNIQUE("op","seq")
);
--> statement-breakpoint
CREATE TABLE "ledger"."step" (
	"op" bigint NOT NULL,
	"step" text NOT NULL,
	"tenant" text NOT NULL,
	"trace" text NOT NULL,
	"result" jsonb NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "step_op_step_pk" PRIMARY KEY("op","step")
);
--> statement-breakpoint
ALTER TABLE "ledger"."attempt" ADD CONSTRAINT "attempt_op_operation_id_fk" FOREIGN KEY ("op") REFERENCES "ledger"."operation"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger"."audit" ADD CONSTRAINT "audit_op_operation_id_fk" FOREIGN KEY ("op") REFERENCES "ledger"."operation"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger"."entry" ADD CONSTRAINT "entry_account_account_id_fk" FOREIGN KEY ("account") REFERENCES "ledger"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger"."entry" ADD CONSTRAINT "entry_op_operation_id_fk" FOREIGN KEY ("op") REFERENCES "ledger"."operation"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger"."hold" ADD CONSTRAINT "hold_op_operation_id_fk" FOREIGN KEY ("op") REFERENCES "ledger"."operation"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger"."hold" ADD CONSTRAINT "hold_account_account_id_fk" FOREIGN KEY ("account") REFERENCES "ledger"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger"."hold" ADD CONSTRAINT "hold_payee_account_id_fk" FOREIGN KEY ("payee") REFERENCES "ledger"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger"."outbox" ADD CONSTRAINT "outbox_op_operation_id_fk" FOREIGN KEY ("op") REFERENCES "ledger"."operation"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger"."step" ADD CONSTRAINT "step_op_operation_id_fk" FOREIGN KEY ("op") REFERENCES "ledger"."operation"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "account_merchant" ON "ledger"."account" USING btree ("tenant","currency","id") WHERE kind = 'merchant';--> statement-breakpoint
CREATE INDEX "entry_op" ON "ledger"."entry" USING btree ("op");--> statement-breakpoint
CREATE INDEX "hold_open" ON "ledger"."hold" USING btree ("account") WHERE state = 'held';--> statement-breakpoint
CREATE INDEX "operation_budget" ON "ledger"."operation" USING btree ("state","budget_ends_at");--> statement-breakpoint
CREATE INDEX "operation_list" ON "ledger"."operation" USING btree ("tenant","id");--> statement-breakpoint
CREATE INDEX "operation_account" ON "ledger"."operation" USING btree ("tenant","account","id");--> statement-breakpoint
CREATE INDEX "operation_biz_key" ON "ledger"."operation" USING btree ("tenant","biz_key");--> statement-breakpoint
CREATE INDEX "outbox_unpublished" ON "ledger"."outbox" USING btree ("id") WHERE published_at is null;