/** What is asked of one operation; of a payment, which part of it. */
export interface Ask {
  readonly verb: 'hold' | 'begin' | 'settle' | 'release' | 'extend' | 'attempt';
  readonly op: Name;
  readonly part: { readonly n: number; readonly minor: number; readonly final: boolean };
}
/** Two payments of alice to the shop, two refunds of the first, and a payout of the shop. */
export const names = ['payment', 'other', 'refund', 'second', 'payout'] as const;
export type Name = (typeof names)[number];

interface Hold {
  readonly amount: number;
  state: 'missing' | 'held' | 'captured' | 'released';
  readonly sums: { set: number; captured: number; released: number };
  /** What a hold that comes again is told, once it has ended. */
  end: string;
  /** What was done, by its step: a step that comes again is given that. */
  readonly done: Record<string, string>;
}
type Model = ReturnType<typeof createModel>;

/** The rules about holds as plain data, so that a state can be copied and compared. */
export function createModel(funds: number, amounts: Readonly<Record<Name, number>>) {
  const hold = (amount: number): Hold => ({
    ...{ amount, state: 'missing', end: '', done: {} },
    sums: { set: 0, captured: 0, released: 0 },
  });
  const holds = Object.fromEntries(names.map((name) => [name, hold(amounts[name])]));
  const account = (posted: number) => ({ posted, held: 0 });
  const accounts = { alice: account(funds), shop: account(0), outside: account(0) };
  return { accounts, holds: holds as Record<Name, Hold> };
}

/** The word that answers `ask`; changes the model as the ask does. */
function answerOf(model: Model, { verb, op, part: { n, minor, final } }: Ask): string {
  const { holds, accounts } = model;
  const hold = holds[op];
  const { sums, amount } = hold;
  const isPayment = op === 'payment' || op === 'other';
  const payer = accounts[isPayment ? 'alice' : 'shop'];
  const payee = accounts[isPayment ? 'shop' : op === 'payout' ? 'outside' : 'alice'];
  const step = isPayment && (verb === 'begin' || verb === 'settle') ? `${verb}.${n}` : verb;
  const left = sums.set - sums.captured;
  const did = (word: string) => (hold.done[step] = word);
  const ended = (state: Hold['state'], end: string, word: string) => {
    if (hold.end === '') Object.assign(hold, { state, end });
    return did(word);
  };
  const setAside = (more: number) => {
    sums.set += more;
    payer.held += more;
  };

  if (verb === 'hold' && hold.end !== '') return hold.end;
  if (hold.done[step] !== undefined) return hold.done[step];
  if (verb === 'hold') {
    const refusal = refusalOf(model, op, payer.posted - payer.held);
    if (refusal !== undefined) return ended('missing', refusal, refusal);
    hold.state = 'held';
    setAside(amount);
    return did(`held ${amount}`);
  }
  if (verb === 'release') {
    if (hold.state !== 'missing' && hold.state !== 'held') return `hold-${hold.state}`;
    payer.held -= left;
    sums.released += left;
    const { captured } = sums;
    if (captured > 0) return ended('captured', `settled ${captured}`, `settled ${captured}`);
    return ended('released', 'withdrawn', 'released');
  }
  if (verb === 'attempt') {
    if (hold.state === 'held') return did('attempted');
    const state = hold.end.startsWith('settled') ? 'COMPLETED' : 'FAILED';
    return `operation-${hold.end === '' ? 'missing' : state}`;
  }
  if (hold.state !== 'held') return verb === 'settle' ? `hold-${hold.state}` : 'invalid-state';
  if (verb === 'extend') return did('extended');
  if (verb === 'begin') {
    const most = amount + Math.floor((amount * 15) / 100) - sums.captured;
    const more = Math.max(0, minor - left);
    if (minor > most) return 'capture-exceeds-hold';
    if (more > payer.posted - payer.held) return 'insufficient-funds';
    setAside(more);
    return did(`capturing ${minor}`);
  }
  const moved = isPayment ? minor : amount;
  const isProven = !isPayment || hold.done[`begin.${n}`] === `capturing ${moved}`;
  if (!isProven || moved > left) return 'evidence-mismatch';
  sums.released = !isPayment || final ? left - moved : 0;
  payer.held -= moved + sums.released;
  payer.posted -= moved;
  payee.posted += moved;
  sums.captured += moved;
  if (sums.captured + sums.released < sums.set) return did(`captured-part ${sums.captured}`);
  return ended('captured', `settled ${sums.captured}`, `settled ${sums.captured}`);
}

function refusalOf({ holds }: Model, op: Name, available: number): string | undefined {
  const { payment, refund, second } = holds;
  const back = [refund, second].filter(({ state }) => state === 'held' || state === 'captured');
  const leftToRefund = back.reduce((left, { amount }) => left - amount, payment.sums.captured);
  if (op === 'refund' || op === 'second') {
    if (payment.state === 'missing') return 'payment-unknown';
    if (payment.state !== 'captured') return 'invalid-state';
    if (holds[op].amount > leftToRefund) return 'refund-exceeds-captured';
  }
  return holds[op].amount > available ? 'insufficient-funds' : undefined;
}

/** The models that some order of these asks, one after the other, leads to with these answers. */
export function explanations(
  from: readonly Model[],
  heard: readonly { readonly ask: Ask; readonly word: string }[],
): readonly Model[] {
  let ways = from.map((model) => ({ model, left: heard }));
  for (let step = 0; step < heard.length; step += 1) {
    const next = ways.flatMap(({ model, left }) =>
      left.flatMap((one) => {
        const then = structuredClone(model);
        if (answerOf(then, one.ask) !== one.word) return [];
        return [{ model: then, left: left.filter((other) => other !== one) }];
      }),
    );
    // Most orders lead to the same.
    const keyOf = (way: (typeof next)[number]) =>
      JSON.stringify([way.model, way.left.map((one) => heard.indexOf(one))], sorted);
    ways = [...new Map(next.map((way) => [keyOf(way), way])).values()];
  }
  return ways.map(({ model }) => model);
}

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
