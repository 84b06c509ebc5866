import type { Database } from '../database/index.js';
import type { OpId, PaymentResult } from '../domain/index.js';

/** How an operation ended, for the one that started it; `open` while it has not. */
export function readEnd(database: Database) {
  return async (opId: OpId): Promise<PaymentResult | { readonly kind: 'open' }> => {
    const [row] = await database.sql<{ outcome: PaymentResult | null }>`
      select outcome from ledger.operation where op_id = ${opId}`;
    return row?.outcome ?? { kind: 'open' };
  };
}
