-- What waits for a person is a row. Older workers survive: the table is new to them.
CREATE TABLE "ledger"."case" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"case_id" text NOT NULL,
	"tenant" text NOT NULL,
	"trace" text NOT NULL,
	"op" bigint NOT NULL,
	"kind" text NOT NULL,
	"reason" text NOT NULL,
	"advice" text NOT NULL,
	"amount_at_risk" bigint NOT NULL,
	"currency" text,
	"evidence" jsonb NOT NULL,
	"state" text DEFAULT 'open' NOT NULL,
	"action" text,
	"charge_id" text,
	"approvals" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"ended_by" text,
	"note" text,
	CONSTRAINT "case_case_id_unique" UNIQUE("case_id"),
	CONSTRAINT "case_kind" CHECK (kind in ('parked', 'contradiction')),
	CONSTRAINT "case_state" CHECK (state in ('open', 'approved-once', 'decided', 'ended')),
	CONSTRAINT "case_amount" CHECK (amount_at_risk >= 0),
	CONSTRAINT "case_action" CHECK (action in ('settle', 'release')),
	CONSTRAINT "case_proposed" CHECK ((action is null) = (approvals = '[]')),
	CONSTRAINT "case_approvals" CHECK (jsonb_array_length(approvals) = case state
        when 'open' then 0 when 'approved-once' then 1 when 'decided' then 2
        else jsonb_array_length(approvals) end),
	CONSTRAINT "case_two_people" CHECK (approvals #>> '{0,principal}' is distinct from approvals #>> '{1,principal}'
        or approvals = '[]'),
	CONSTRAINT "case_ended" CHECK ((state = 'ended') = (ended_at is not null and ended_by is not null))
);
--> statement-breakpoint
ALTER TABLE "ledger"."case" ADD CONSTRAINT "case_op_operation_id_fk" FOREIGN KEY ("op") REFERENCES "ledger"."operation"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "case_open" ON "ledger"."case" USING btree ("op","kind") WHERE state <> 'ended';--> statement-breakpoint
CREATE INDEX "case_list" ON "ledger"."case" USING btree ("tenant","state","id");
