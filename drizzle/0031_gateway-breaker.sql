-- The gateway reads and writes files: it shares their breaker. Older workers survive.

grant execute on function ledger.breaker_report_v1(text, bigint, jsonb, text, text)
  to holdfast_reader;
