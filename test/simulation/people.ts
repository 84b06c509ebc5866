import {
  type AccountId,
  type CaptureWish,
  type Command,
  commands,
  type OpId,
} from '../../src/domain/index.js';
import type { Draw } from '../support/rounds.js';
import type { Staff } from './staff.js';
import type { World } from './world.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const currency = 'EUR' as const;

/** Who has what at the beginning. */
export interface Beginning {
  readonly account: string;
  readonly kind: 'customer' | 'merchant';
  readonly funds: number;
  readonly overdraftLimit: number;
  readonly slots: number;
}

/** The accounts of one seed. */
export function beginnings(draw: Draw): readonly Beginning[] {
  return [
    { account: 'alice', kind: 'customer', funds: draw.whole(20, 200), overdraftLimit: 0, slots: 1 },
    {
      ...{ account: 'bob', kind: 'customer', funds: draw.whole(0, 60), slots: 1 },
      overdraftLimit: draw.one([0, 0, 20]),
    },
    {
      ...{ account: 'shop', kind: 'merchant', funds: draw.one([0, 50]), slots: draw.one([1, 3]) },
      overdraftLimit: 0,
    },
  ];
}

/** What people of one seed ask for, and wish for meanwhile; all of it is drawn. */
export class People {
  readonly world: World;
  readonly staff: Staff;
  readonly draw: Draw;
  readonly onWrong: (what: string) => void;
  readonly #paid: { readonly opId: OpId; readonly account: string }[] = [];
  #asked = 0;

  constructor(staff: Staff, draw: Draw, onWrong: (what: string) => void) {
    this.world = staff.world;
    this.staff = staff;
    this.draw = draw;
    this.onWrong = onWrong;
  }

  /** Puts what they will ask for on the agenda. */
  plan(): void {
    const count = this.draw.whole(2, 5);
    for (let n = 0; n < count; n += 1) {
      const kind = this.draw.one([
        ...(['card', 'card', 'manual', 'multiple', 'balance', 'payout', 'ride'] as const),
        ...(['refund', 'refund', 'refund'] as const),
      ]);
      if (kind === 'refund') this.#refund();
      else if (kind === 'payout') this.#payout();
      else if (kind === 'ride') this.#ride();
      else this.#pay(kind);
    }
  }

  #pay(kind: 'card' | 'manual' | 'multiple' | 'balance'): void {
    const { draw, staff, world } = this;
    const isCard = kind !== 'balance';
    const account = draw.one(['alice', 'alice', 'bob']);
    const holdMs = draw.one([undefined, hourMs, 30 * hourMs]);
    const begins = world.nowMs() + hourMs;
    const opId = this.#ask(commands.payment, {
      ...{ account, currency, amount: draw.whole(1, 90), payTo: draw.one(['shop', 'bob']) },
      capture: kind === 'manual' || kind === 'multiple' ? kind : 'automatic',
      method: isCard ? 'card' : 'balance',
      ...(isCard && kind !== 'card' && holdMs && { holdExpiresAt: begins + holdMs }),
      ...(draw.whole(1, 8) === 1 && { scheduledAt: begins + draw.whole(1, 90) * minuteMs }),
    });
    this.#paid.push({ opId, account });
    if (kind === 'manual' || kind === 'multiple') {
      const captures = draw.whole(0, kind === 'manual' ? 2 : 4);
      for (let n = 0; n < captures; n += 1) this.#capture(opId, `capture-${n}-of-${opId}`);
      if (draw.whole(1, 3) === 1) {
        const expiresAt = begins + draw.whole(1, 50) * hourMs;
        this.#sometime('extend', () => staff.client.extend(opId, expiresAt, `extend-${opId}`));
      }
    }
    if (kind === 'card' && draw.whole(1, 4) === 1) {
      this.#sometime('choose', () => staff.client.chooseMethod(opId, 'balance', `method-${opId}`));
    }
  }

  #capture(opId: OpId, key: string): void {
    const { draw, staff } = this;
    const wish: CaptureWish = {
      ...(draw.whole(1, 3) > 1 && { amount: draw.whole(1, 50) }),
      ...(draw.whole(1, 3) === 1 && { final: true }),
    };
    const times = draw.one([1, 1, 2]);
    for (let n = 0; n < times; n += 1) {
      this.#sometime('capture', () => staff.client.capture(opId, wish, key));
    }
  }

  #refund(): void {
    const { draw } = this;
    if (this.#paid.length === 0) return this.#pay('card');
    const { opId: payment, account } = draw.one(this.#paid);
    const amount = draw.one([undefined, draw.whole(1, 60)]);
    this.#ask(commands.refund, {
      ...{ payment, account, currency, ...(amount !== undefined && { amount }) },
    });
  }

  #payout(): void {
    const { draw } = this;
    const account = draw.one(['shop', 'alice']);
    const amount = draw.whole(1, 60);
    this.#ask(commands.payout, { account, amount, currency, destination: 'bank_1' });
  }

  #ride(): void {
    const { draw, staff } = this;
    const opId = this.#ask(commands.ride, {
      account: 'alice',
      amount: draw.whole(5, 60),
      currency,
    });
    const driver = 'bob' as AccountId;
    const found = { driver, ...(draw.whole(1, 2) === 1 && { destination: 'bank_2' }) };
    this.#soon('match', () => staff.client.matchRide(opId, found));
    this.#sometime('match', () => staff.client.matchRide(opId, found));
    const fare = draw.whole(1, 80);
    this.#sometime('complete', () => staff.client.completeRide(opId, fare));
    if (draw.whole(1, 3) === 1) {
      const by = draw.one(['rider', 'driver'] as const);
      this.#sometime('cancel', () => staff.client.cancelRide(opId, by));
    }
  }

  /** Asks for an operation, sometimes more than once, and tells what is wished for meanwhile. */
  #ask(of: { readonly domain: string; readonly eventType: string }, payload: object): OpId {
    const { draw, staff, world, onWrong } = this;
    this.#asked += 1;
    const { domain, eventType } = of;
    const command: Command = { domain, eventType, idemKey: `intent-${this.#asked}`, payload };
    const needsTwo = draw.whole(1, 6) === 1;
    const options = { timeBudget: draw.one([5, 5, 40]) * minuteMs, ...staff.asks(needsTwo) };
    const { opId } = staff.client.identify(command, options);
    const start = () => staff.client.start(command, options);
    const times = draw.one([1, 1, 2]);
    // What is to be given back was paid before, most of the time.
    const fromMs = domain === commands.refund.domain ? 20 * minuteMs : 0;
    for (let n = 0; n < times; n += 1) this.#soon(`start ${domain} ${opId}`, start, fromMs);
    if (draw.whole(1, 8) === 1) {
      const other = { ...command, payload: { ...payload, amount: 91 } };
      this.#sometime('start another', async () => {
        if (!world.temporal.runs.has(opId)) return;
        const started = await staff.client.start(other, options).catch(() => undefined);
        if (started !== undefined) onWrong('a key made another operation');
      });
    }
    if (needsTwo) {
      const verdict = draw.one(['approved', 'approved', 'refused'] as const);
      this.#sometime('approve', () => staff.approve(opId, verdict));
    }
    if (draw.whole(1, 5) === 1) this.#sometime('withdraw', () => staff.client.withdraw(opId));
    if (draw.whole(1, 8) === 1) this.#sometime('verify', () => staff.client.verify(opId));
    if (draw.whole(1, 10) === 1) this.#sometime('web cancel', () => this.#cancel(opId));
    if (world.weather.crash > 0 && draw.whole(1, 4) === 1) {
      const how = draw.one(['terminated', 'lost'] as const);
      this.#sometime(`${how} ${opId}`, () => {
        if (world.weather.crash > 0) world.temporal.lose(opId, how);
      });
    }
    return opId;
  }

  #cancel(opId: OpId): void {
    const run = this.world.temporal.runs.get(opId);
    if (run?.status === 'running') run.cancel();
  }

  #soon(what: string, act: () => unknown, fromMs = 0): void {
    this.world.later(fromMs + this.draw.whole(0, 20 * minuteMs), what, act);
  }

  #sometime(what: string, act: () => unknown): void {
    const withinMs = this.draw.one([5 * minuteMs, hourMs, 3 * hourMs]);
    this.world.later(this.draw.whole(0, withinMs), what, act);
  }
}
