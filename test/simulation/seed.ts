import { commands, type OpId } from '../../src/domain/index.js';
import { drawOf, type Draw } from '../support/rounds.js';
import { disagreements } from './agreement.js';
import type { Lane } from './lane.js';
import { type Beginning, beginnings, People } from './people.js';
import type { Product } from './product.js';
import { activityContext, type Services, Staff } from './staff.js';
import { calm, type Weather, World } from './world.js';

/** What one seed came to. */
export interface Played {
  readonly seed: number;
  /** What is wrong, each once; empty when all is well. */
  readonly wrong: readonly string[];
  readonly operations: number;
  /** What happened, line by line: the same for the same seed. */
  readonly trace: readonly string[];
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const beginsAt = Date.UTC(2031, 0, 1);
const stormMs = 2 * hourMs;
/** When is swept in the calm: what waits for a day waits for a day here, too. */
const calmWaitsMs = [
  ...[1, 10, 60].map((minutes) => minutes * minuteMs),
  ...[6, 24, 48, 72, 96, 192].map((hours) => hours * hourMs),
];
const weathers: readonly Weather[] = [
  calm,
  { outside: 25, crash: 0, repeat: 5 },
  { outside: 0, crash: 20, repeat: 10 },
  { outside: 20, crash: 12, repeat: 10 },
  { outside: 60, crash: 5, repeat: 5 },
];

/** Players of seeds on a lane, one after the other. */
export function createPlayer(lane: Lane, product: Product) {
  let world: World | undefined;
  const context = activityContext(() => world);
  const services = product.services(lane.clock, { '@temporalio/activity': context }) as Services;

  return async (seed: number): Promise<Played> => {
    const draw = drawOf(`simulation:${seed}`);
    const tenant = `seed-${seed}`;
    const wrong = new Set<string>();
    const onWrong = (what: string) => void wrong.add(what);
    const weather = draw.one(weathers);
    lane.clock.nowMs = beginsAt;
    lane.clock.databaseAheadMs = draw.one([0, 0, 1_500, -1_500, 45_000, -45_000]);
    const { clock } = lane;
    const playing = new World({
      ...{ product, draw, name: tenant, clock, weather, onWrong },
      onEvent: (event) => {
        const times = weather === calm ? 1 : draw.one([0, 1, 1, 2]);
        for (let n = 0; n < times; n += 1) {
          const delayMs = draw.one([50, 5_000, hourMs]);
          playing.later(draw.whole(1, delayMs), `webhook ${event.type}`, () => staff.hear(event));
        }
      },
    });
    world = playing;
    const after = await lastOperation(lane);
    const staff = new Staff({ world: playing, lane, made: services, tenant, after, onWrong });
    const opened = beginnings(draw);
    try {
      await open(staff, opened);
      new People(staff, draw, onWrong).plan();
      await storm(playing, staff, draw);
      await end(playing, staff);
      const seen = { tenant, opened, world: playing, isCalm: weather === calm };
      for (const what of await disagreements(lane, seen)) onWrong(what);
    } catch (error) {
      onWrong(`it threw: ${error instanceof Error ? error.message : String(error)}`);
    }
    const operations = playing.temporal.runs.size;
    return { seed, wrong: [...wrong], operations, trace: playing.trace };
  };
}

async function lastOperation({ worker }: Lane): Promise<number> {
  const [row] = await worker.sql<{ last: number }>`
    select coalesce(max(id), 0) as last from ledger.operation`;
  return row?.last ?? 0;
}

/** Opens the accounts, then brings money in. */
async function open({ client, world }: Staff, opened: readonly Beginning[]): Promise<void> {
  const currency = 'EUR';
  const { accountOpen, funding } = commands;
  for (const { account, funds: _, ...how } of opened) {
    const payload = { account, currency, ...how };
    await client.start({ ...named(accountOpen), idemKey: `open-${account}`, payload });
  }
  await world.until(world.nowMs() + minuteMs);
  for (const { account, funds: amount } of opened.filter(({ funds }) => funds > 0)) {
    const payload = { account, amount, currency };
    await client.start({ ...named(funding), idemKey: `fund-${account}`, payload });
  }
}

function named({ domain, eventType }: { readonly domain: string; readonly eventType: string }) {
  return { domain, eventType };
}

/** The hours in which everything goes wrong that can. */
async function storm(world: World, staff: Staff, draw: Draw): Promise<void> {
  for (let n = 0; n < 2; n += 1) {
    world.later(draw.whole(1, stormMs), 'sweep', () => staff.sweep());
  }
  await world.until(beginsAt + stormMs);
}

/** Nothing goes wrong any more: all must end, or stand in front of a person. */
async function end(world: World, staff: Staff): Promise<void> {
  world.weather = calm;
  for (const waitMs of calmWaitsMs) {
    await staff.sweepOperations();
    await world.until(world.nowMs() + waitMs);
    if (!world.isBusy()) break;
  }
  const left = world.temporal.open();
  // Whoever looks once the provider answers again: most of what is parked goes on by that.
  for (const { opId } of left) await staff.client.verify(opId as OpId);
  await world.until(world.nowMs() + dayMs);
  if (world.temporal.open().length > 0) await staff.endByHand();
  await world.until(world.nowMs() + dayMs);
  await staff.sweep();
  await world.until(world.nowMs() + dayMs);
}
