import { randomBytes } from 'node:crypto';
import {
  isGrpcCancelledError,
  isGrpcDeadlineError,
  type Client as TemporalClient,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionDescription,
  WorkflowNotFoundError,
} from '@temporalio/client';
import {
  type Command,
  commands,
  differs,
  digestsOf,
  type Envelope,
  type Fail,
  type FieldDigests,
  fingerprintOf,
  formatMoney,
  type OpId,
  type OperationState,
  type OutsideAnswer,
  opIdOf,
  type PaymentPayload,
  timeBudgetMsDefault,
} from '../domain/index.js';
import { evidence, verify, type WithdrawAnswer, withdraw } from '../workflows/messages.js';
import { type RideWishes, rideWishes } from './rides.js';
import type { KeyRing } from './seal.js';
import { searchAttributesOf } from './search-attributes.js';
import { taskQueueDefault } from './task-queues.js';
import { unlessGone } from './unless-gone.js';

export interface ClientOptions {
  /** A connected Temporal client. On a worker's own NativeConnection operations start eagerly. */
  readonly temporal: TemporalClient;
  readonly taskQueue?: string;
  /** Whose operations these are, unless a call says otherwise. */
  readonly tenant?: string;
  readonly principal?: string;
  /** Needed only for commands with free text, which travels sealed. */
  readonly keys?: KeyRing;
  /** True where a worker of this process polls the same connection: saves a round trip. */
  readonly eager?: boolean;
}

export interface StartOptions {
  /** How long the operation may take before its outside step begins, in ms; 5 minutes. */
  readonly timeBudget?: number;
  readonly tenant?: string;
  readonly principal?: string;
  /** Who acts for the principal, when somebody does. */
  readonly actor?: string;
  /** Free text and personal data; sealed before it leaves this process. */
  readonly sealed?: object;
  /** The trace id (32 hex) that rows, logs and provider calls will carry. */
  readonly trace?: string;
}

/** What Temporal alone knows of an operation; the rows know more once its first step has run. */
export interface OperationDescription {
  readonly opId: OpId;
  readonly tenant: string;
  readonly principal: string;
  readonly domain: string;
  readonly eventType: string;
  readonly bizKey: string;
  readonly state: OperationState;
  readonly outcome?: { readonly kind: string };
  readonly account?: string;
  readonly amount?: number;
  readonly currency?: string;
  /** Epoch milliseconds. */
  readonly acceptedAt: number;
  readonly digests: FieldDigests;
}

/** How an operation ended: its result, or its refusal. */
export type OperationResult = { readonly kind: string } | Fail;

/** Starts operations and asks after them. */
export interface Client extends RideWishes {
  /**
   * Accepts a command: one durable write. The same key with the same command is the same
   * operation, `replayed`; with another command it throws IdempotencyKeyReused. Throws Temporal's
   * errors when it cannot be reached: then start again with the same key.
   */
  start(command: Command, options?: StartOptions): Promise<{ opId: OpId; replayed: boolean }>;
  /** Waits for the end, at most `waitMs` if given; undefined when it has not ended by then. */
  result(opId: OpId, waitMs?: number): Promise<OperationResult | undefined>;
  /** What Temporal knows of an operation; undefined when it knows none, or no longer. */
  describe(opId: OpId): Promise<OperationDescription | undefined>;
  /** Withdraws an operation whose outside step has not begun. */
  withdraw(opId: OpId): Promise<WithdrawAnswer>;
  /** Asks the provider once more about an operation in doubt or parked. */
  verify(opId: OpId): Promise<void>;
  /** Gives an operation what a provider said by itself; false when none runs under this id. */
  evidence(opId: OpId, answer: OutsideAnswer): Promise<boolean>;
  /** The id and field digests that `start` would give this command. */
  identify(command: Command, options?: StartOptions): { opId: OpId; digests: FieldDigests };
}

/** The key names another command. `differs` lists the fields, never what they hold. */
export class IdempotencyKeyReused extends Error {
  readonly opId: OpId;
  readonly differs: readonly string[];
  constructor(opId: OpId, fields: readonly string[]) {
    super(`the idempotency key was used with another ${fields.join(', ')}`);
    this.name = 'IdempotencyKeyReused';
    this.opId = opId;
    this.differs = fields;
  }
}

/** The thin client: needs Temporal only, no database. */
export function createClient(options: ClientOptions): Client {
  const { temporal } = options;
  const ownerOf = (start: StartOptions) => ({
    tenant: start.tenant ?? options.tenant ?? 'default',
    principal: start.principal ?? options.principal ?? 'default',
  });
  const identify = (command: Command, start: StartOptions = {}) => ({
    opId: opIdOf({ ...command, ...ownerOf(start) }),
    digests: commandDigests(command, start, options.keys),
  });
  return {
    ...rideWishes(temporal),
    identify,
    start: async (command, start = {}) => {
      const envelope = { ...identify(command, start), ...ownerOf(start) };
      return startOnce(options, sealedEnvelope(command, start, envelope, options.keys));
    },
    result: (opId, waitMs) => {
      const ended = () => temporal.workflow.getHandle(opId).result() as Promise<OperationResult>;
      return waitMs === undefined ? ended() : withinMs(temporal, waitMs, ended);
    },
    describe: (opId) => describe(temporal, opId),
    withdraw: (opId) =>
      unlessGone(temporal.workflow.getHandle(opId).executeUpdate(withdraw), { kind: 'too-late' }),
    verify: (opId) => temporal.workflow.getHandle(opId).signal(verify),
    evidence: (opId, answer) => {
      const signalled = temporal.workflow.getHandle(opId).signal(evidence, answer);
      return unlessGone(
        signalled.then(() => true),
        false,
      );
    },
  };
}

async function startOnce(options: ClientOptions, envelope: Envelope) {
  const { opId, command, digests } = envelope;
  try {
    await options.temporal.workflow.start(workflowOf(command), {
      workflowId: opId,
      taskQueue: options.taskQueue ?? taskQueueDefault,
      args: [envelope],
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      // With the worker's sticky time-out this bounds how long a dead worker is waited for.
      workflowTaskTimeout: '5s',
      typedSearchAttributes: searchAttributesOf(envelope.tenant, command),
      memo: memoOf(envelope),
      staticSummary: summaryOf(command),
      ...(options.eager === true && { requestEagerStart: true }),
    });
    return { opId, replayed: false };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const first = await describe(options.temporal, opId);
    const fields = first === undefined ? [] : differs(first.digests, digests);
    if (fields.length > 0) throw new IdempotencyKeyReused(opId, fields);
    return { opId, replayed: true };
  }
}

function sealedEnvelope(
  command: Command,
  start: StartOptions,
  known: { opId: OpId; digests: FieldDigests; tenant: string; principal: string },
  keys: KeyRing | undefined,
): Envelope {
  return {
    v: 1,
    ...known,
    actor: start.actor ?? known.principal,
    command,
    fingerprint: fingerprintOf(known.digests),
    trace: start.trace ?? randomBytes(16).toString('hex'),
    acceptedAt: Date.now(),
    timeBudgetMs: start.timeBudget ?? timeBudgetMsDefault,
    ...(start.sealed !== undefined && { sealed: ringOf(keys).seal(start.sealed, known.opId) }),
  };
}

/** What was asked is known here by its own key; sealed text only by a secret one. */
function commandDigests(command: Command, start: StartOptions, keys: KeyRing | undefined) {
  const clear = { ...(command.payload as object), bizKey: command.bizKey };
  const budget = start.timeBudget === undefined ? {} : { timeBudgetMs: start.timeBudget };
  return {
    ...digestsOf({ ...clear, ...budget }, command.idemKey),
    ...(start.sealed !== undefined &&
      digestsOf({ ...start.sealed }, `${ringOf(keys).digestKey}:${command.idemKey}`)),
  };
}

function ringOf(keys: KeyRing | undefined): KeyRing {
  if (keys === undefined) throw new RangeError('free text needs a key ring: give `keys`');
  return keys;
}

function workflowOf(command: Command): string {
  const known = Object.values(commands).find(
    ({ domain, eventType }) => domain === command.domain && eventType === command.eventType,
  );
  if (known === undefined) {
    throw new RangeError(`no operation ${command.domain} ${command.eventType}`);
  }
  return known.workflow;
}

function memoOf({ principal, command, digests }: Envelope) {
  const { domain, eventType, bizKey } = command;
  return { principal, domain, eventType, digests, ...(bizKey && { bizKey }) };
}

function summaryOf(command: Command): string {
  const { account, amount, currency } = command.payload as Partial<PaymentPayload>;
  const sum = amount === undefined || currency === undefined ? '' : formatMoney(amount, currency);
  return [command.eventType, sum, account].filter(Boolean).join(' · ');
}

async function describe(
  temporal: TemporalClient,
  opId: OpId,
): Promise<OperationDescription | undefined> {
  try {
    const handle = temporal.workflow.getHandle(opId);
    const description = await handle.describe();
    const ended = description.status.name === 'COMPLETED';
    const outcome = ended ? ((await handle.result()) as OperationResult) : undefined;
    return descriptionOf(opId, description, outcome);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

function descriptionOf(
  opId: OpId,
  description: WorkflowExecutionDescription,
  outcome: { kind: string } | undefined,
): OperationDescription | undefined {
  const memo = description.memo as ReturnType<typeof memoOf> | undefined;
  // A workflow of somebody else may stand under this id.
  if (memo?.digests === undefined) return undefined;
  const attributes = Object.fromEntries(
    description.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]),
  );
  const { account, amount, currency } = attributes as Partial<PaymentPayload>;
  const failed = outcome?.kind === 'fail';
  return {
    opId,
    tenant: String(attributes.tenant),
    principal: memo.principal,
    domain: memo.domain,
    eventType: memo.eventType,
    bizKey: memo.bizKey ?? opId,
    state: outcome === undefined ? 'PENDING' : failed ? 'FAILED' : 'COMPLETED',
    acceptedAt: description.startTime.getTime(),
    digests: memo.digests,
    ...(outcome !== undefined && { outcome }),
    ...(account !== undefined && { account }),
    ...(amount !== undefined && { amount }),
    ...(currency !== undefined && { currency }),
  };
}

async function withinMs<Value>(
  temporal: TemporalClient,
  waitMs: number,
  call: () => Promise<Value>,
): Promise<Value | undefined> {
  const signal = AbortSignal.timeout(waitMs);
  const late = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  // The signal ends the long poll of a Connection; a NativeConnection does not listen to it.
  const answer = temporal.withAbortSignal(signal, call).catch((error: unknown) => {
    if (signal.aborted || isGrpcCancelledError(error) || isGrpcDeadlineError(error))
      return undefined;
    throw error;
  });
  return Promise.race([answer, late]);
}
