-- A breaker per provider, shared by all workers. Older workers survive: only new tables.
CREATE TABLE "ledger"."breaker" (
	"provider" text PRIMARY KEY NOT NULL,
	"epoch" bigint NOT NULL,
	"state" jsonb NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "breaker_mode" CHECK (coalesce(state ->> 'mode', '') in ('closed', 'open', 'recovering', 'isolated')),
	CONSTRAINT "breaker_epoch" CHECK (epoch > 0)
);
--> statement-breakpoint
CREATE TABLE "ledger"."breaker_event" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"provider" text NOT NULL,
	"epoch" bigint NOT NULL,
	"type" text NOT NULL,
	"actor" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "breaker_event_epoch" UNIQUE("provider","epoch"),
	CONSTRAINT "breaker_event_type" CHECK (type in ('breaker.opened', 'breaker.recovering', 'breaker.closed', 'breaker.isolated',
        'breaker.reset'))
);
--> statement-breakpoint
ALTER TABLE "ledger"."breaker_event" ADD CONSTRAINT "breaker_event_provider_breaker_provider_fk" FOREIGN KEY ("provider") REFERENCES "ledger"."breaker"("provider") ON DELETE no action ON UPDATE no action;
