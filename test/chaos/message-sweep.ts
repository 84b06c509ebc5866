import { nanoid } from 'nanoid';
import { afterAll } from 'vitest';
import { type Command, commands, type OpId } from '../../src/domain/index.js';
import type { Case, Conforming } from '../operations/conformance.js';
import { play, wrongs } from '../operations/play.js';
import { chaosVariables } from '../support/chaos-variables.js';
import { messageFaults } from '../support/message-proxy.js';
import { drawOf, seed } from '../support/rounds.js';
import { aLane, type Lane } from './a-lane.js';
import {
  type Befallen,
  type Cell,
  nameOf,
  type PlayedCell,
  type SocketName,
  sockets,
} from './cells.js';

const sampled = 1;
const lanesOfAll = 3;
const endsWithinMs = 90_000;

const { [chaosVariables.sweepMs]: sweepMs, [chaosVariables.cell]: only } = process.env;
/** Cells have their own limit; the chaos command takes as long as it is given. */
export const sweepTimeoutMs = sweepMs === undefined ? 300_000 : 24 * 3_600_000;

const lanes: Promise<Lane>[] = [];
afterAll(async () => {
  await Promise.all(lanes.splice(0).map(async (lane) => (await lane).close()));
}, 60_000);

/**
 * Counts the messages of an operation on every socket, and plays it again with a fault at one of
 * them, and another: a few that the seed draws, all for the chaos command.
 */
export async function befallen(operation: Conforming): Promise<Befallen> {
  const wanted = sweepMs === undefined || only !== undefined ? 1 : lanesOfAll;
  while (lanes.length < wanted) lanes.push(aLane());
  const [first, ...others] = await Promise.all(lanes);
  if (first === undefined) throw new Error('there is no lane');
  const messages = await counted(first, operation);
  const untilMs = performance.now() + Number(sweepMs ?? Number.POSITIVE_INFINITY);

  const all = shuffled(operation, cellsOf(messages));
  const named = all.filter((cell) => nameOf(cell) === only);
  const due =
    only === undefined ? all.slice(0, sweepMs === undefined ? sampled : all.length) : named;
  const cells: PlayedCell[] = [];
  const drive = async (lane: Lane) => {
    const own: PlayedCell[] = [];
    for (let cell = due.shift(); cell !== undefined; cell = due.shift()) {
      own.push(await struck(lane, operation, cell));
      if (performance.now() > untilMs) break;
    }
    for (const cell of own) cells.push(await judgedAgain(lane, cell));
  };
  await Promise.all([first, ...others].map(drive));
  return { operation: operation.name, seed, messages, cells };
}

function cellsOf(messages: Befallen['messages']): Cell[] {
  return sockets.flatMap((socket) =>
    Array.from({ length: messages[socket] }, (_, index) => index + 1).flatMap((message) =>
      messageFaults.map((fault) => ({ socket, message, fault })),
    ),
  );
}

/** As the seed draws them, the sockets by turns: few messages are not lost among many. */
function shuffled({ name }: Conforming, cells: readonly Cell[]): Cell[] {
  const draw = drawOf(`${seed}:${name}`);
  const drawn = cells
    .map((cell) => ({ cell, at: draw.whole(0, 2 ** 31) }))
    .sort((one, other) => one.at - other.at);
  const taken = new Map<SocketName, number>();
  const byTurns = drawn.map(({ cell }) => {
    const turn = taken.get(cell.socket) ?? 0;
    taken.set(cell.socket, turn + 1);
    return { cell, turn };
  });
  return byTurns.sort((one, other) => one.turn - other.turn).map(({ cell }) => cell);
}

/** A run in which nothing goes wrong. */
async function counted(lane: Lane, operation: Conforming): Promise<Befallen['messages']> {
  const { opId, result, ended } = await started(lane, operation, 'gateway', () => {
    for (const socket of sockets) lane.proxies[socket].begin();
  });
  const end = await inTime(result);
  const { gateway, postgres, temporal, provider } = lane.proxies;
  const messages = {
    gateway: gateway.messages(),
    postgres: postgres.messages(),
    temporal: temporal.messages(),
    provider: provider.messages(),
  };
  await ended(opId, end);
  return messages;
}

async function struck(lane: Lane, operation: Conforming, cell: Cell): Promise<PlayedCell> {
  const proxy = lane.proxies[cell.socket];
  const at = (message: number) => message === cell.message;
  let beganAt = performance.now();
  let opId: OpId | undefined;
  let violation: string | undefined;
  try {
    const begun = await started(lane, operation, cell.socket, () => {
      beganAt = performance.now();
      proxy.begin({ fault: cell.fault, at });
    });
    opId = begun.opId;
    const result = await inTime(begun.result);
    // What comes late must do nothing, also then.
    await proxy.arrived();
    await begun.ended(begun.opId, result);
    const found = await wrongs(lane.world, begun.opId);
    if (found.length > 0) violation = found.join('; ');
  } catch (error) {
    violation = error instanceof Error ? error.message : String(error);
  }
  const endedAfterMs = Math.round(performance.now() - beganAt);
  const hasStruck = proxy.hasStruck();
  proxy.begin();
  await lane.world.heal();
  return {
    ...{ ...cell, struck: hasStruck, endedAfterMs },
    ...(opId !== undefined && { opId }),
    ...(violation !== undefined && { violation }),
  };
}

/** What came late may have acted after its cell was judged. */
async function judgedAgain({ world }: Lane, cell: PlayedCell): Promise<PlayedCell> {
  if (cell.opId === undefined || cell.violation !== undefined) return cell;
  const found = await wrongs(world, cell.opId);
  return found.length === 0 ? cell : { ...cell, violation: `afterwards: ${found.join('; ')}` };
}

/** Starts one over the gateway or past it, with new connections to the database. */
async function started(lane: Lane, operation: Conforming, by: SocketName, begins: () => void) {
  await lane.whole();
  const { client } = lane.world;
  const begun: Case = await operation.begin(lane.world);
  const { domain, eventType } = commands[operation.of];
  const command: Command = { domain, eventType, idemKey: nanoid(), payload: begun.payload };
  // So that the same messages come each time.
  lane.proxies.postgres.cut();
  const asked = async (): Promise<OpId> => {
    const answer = by === 'gateway' ? lane.ask(command, operation.of, begins) : undefined;
    if (answer !== undefined) return answer;
    begins();
    const options = begun.sealed === undefined ? {} : { sealed: begun.sealed };
    return (await client.start(command, options)).opId;
  };
  const opId = await asked();
  return { ...begun, opId, result: play(client, begun, opId) };
}

async function inTime<T>(result: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const why = new Error(`it did not end in ${endsWithinMs / 1_000} s`);
    timer = setTimeout(() => reject(why), endsWithinMs);
  });
  return Promise.race([result, late]).finally(() => clearTimeout(timer));
}
