import type { commands, Command, OpId } from '../../src/domain/index.js';
import { eventually } from '../support/eventually.js';

type Payload = Readonly<Record<string, unknown>>;
interface Request {
  readonly path: string;
  readonly body: object;
}

/** How each operation is asked for over HTTP; undefined where nobody can. */
const doors: Readonly<Record<keyof typeof commands, ((payload: Payload) => Request) | undefined>> =
  {
    payment: (body) => ({ path: '/v1/payments', body }),
    refund: ({ payment, amount }) => ({
      path: `/v1/payments/${String(payment)}/refunds`,
      body: { amount },
    }),
    payout: (body) => ({ path: '/v1/payouts', body }),
    order: (body) => ({ path: '/v1/orders', body }),
    ride: ({ account: rider, amount: estimate, currency }) => ({
      path: '/v1/rides',
      body: { rider, estimate, currency },
    }),
    funding: ({ account, ...body }) => ({ path: `/v1/accounts/${String(account)}/funding`, body }),
    // Answered with the account, and not with the operation.
    accountOpen: undefined,
    accountEdit: undefined,
    late: undefined,
    // Bytes come after it.
    upload: undefined,
    fileDeletion: undefined,
    // Whom it is for is sealed, and not in what it asks.
    notification: undefined,
    // new operations go above this line
  };

/** A caller who asks under the same key until there is an answer, however often that is lost. */
export function aGatewayCaller(command: Command, of: keyof typeof commands) {
  const request = doors[of]?.(command.payload as Payload);
  if (request === undefined) return undefined;
  const { path, body } = request;

  return (url: string, token: string, timeoutMs: number): Promise<OpId> =>
    eventually(
      async () => {
        const answer = await fetch(`${url}${path}`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/json',
            'idempotency-key': command.idemKey,
          },
          body: JSON.stringify(body),
          signal: AbortSignal.timeout(timeoutMs),
        });
        const said = (await answer.json()) as { readonly opId?: OpId };
        if (said.opId === undefined) throw new Error(`${answer.status} ${JSON.stringify(said)}`);
        return said.opId;
      },
      { timeoutMs: 60_000, everyMs: 200 },
    );
}
