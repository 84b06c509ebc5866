-- Finds what was written down of an operation. Older workers survive: they never see it.
CREATE INDEX "audit_op" ON "ledger"."audit" USING btree ("op");