import { randomBytes } from 'node:crypto';
import {
  isGrpcCancelledError,
  isGrpcDeadlineError,
  type Client as TemporalClient,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowHandle,
} from '@temporalio/client';
import {
  type CaptureWish,
  type Command,
  type Decision,
  differs,
  digestsOf,
  type Envelope,
  type Fail,
  type FieldDigests,
  fingerprintOf,
  type OpId,
  type OutsideAnswer,
  opIdOf,
  type PaymentMethod,
  timeBudgetMsDefault,
} from '../domain/index.js';
import {
  again,
  decide,
  evidence,
  type HoldAnswer,
  verify,
  type WithdrawAnswer,
  withdraw,
} from '../workflows/messages.js';
import { describe, type OperationDescription } from './description.js';
import { holdWishes } from './hold-wishes.js';
import { IdempotencyKeyReused } from './key-reused.js';
import { type RideWishes, rideWishes } from './rides.js';
import type { KeyRing } from './seal.js';
import { sweepNow } from './sweep-now.js';
import { taskQueueDefault } from './task-queues.js';
import { unlessGone } from './unless-gone.js';
import { startOf, workflowOf } from './workflow-start.js';

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
  /** The operation that this one follows from. */
  readonly parentOpId?: OpId;
  /** A second person must approve what moves more, in minor units; nobody when left out. */
  readonly approvalAbove?: number;
  /** The trace id (32 hex) that rows, logs and provider calls will carry. */
  readonly trace?: string;
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
  /** Withdraws an operation whose outside step has not begun, or lets go of what it holds. */
  withdraw(opId: OpId): Promise<WithdrawAnswer>;
  /**
   * Takes held money: all of it, or part. The same key again is given the first answer, and takes
   * nothing twice; with another wish it throws IdempotencyKeyReused.
   */
  capture(opId: OpId, wish: CaptureWish, key: string): Promise<HoldAnswer>;
  /** Lets a hold end at another moment, epoch milliseconds. The key is as that of a capture. */
  extend(opId: OpId, expiresAt: number, key: string): Promise<HoldAnswer>;
  /**
   * Lets a deferred payment, of which nothing was sent, take another way, or keeps it waiting. The
   * key is as that of a capture.
   */
  chooseMethod(opId: OpId, method: PaymentMethod, key: string): Promise<HoldAnswer>;
  /** Asks the provider once more about one in doubt or parked; false when none runs. */
  verify(opId: OpId): Promise<boolean>;
  /** Tells an upload that its last byte may be there; false when none runs. */
  uploadComplete(opId: OpId): Promise<boolean>;
  /** Has a parked notice sent again; false when none runs. */
  again(opId: OpId): Promise<boolean>;
  /** Tells a parked operation what two people decided; false when none runs under this id. */
  decide(opId: OpId, decision: Decision): Promise<boolean>;
  /** Gives an operation what a provider said by itself; false when none runs under this id. */
  evidence(opId: OpId, answer: OutsideAnswer): Promise<boolean>;
  /** Lets a sweep reconcile now; false while one that was asked for so runs still. */
  sweep(): Promise<boolean>;
  /** The id and field digests that `start` would give this command. */
  identify(command: Command, options?: StartOptions): { opId: OpId; digests: FieldDigests };
  /** The accepted command that `start` would hand to its workflow. */
  envelope<Of extends Command>(command: Of, options?: StartOptions): Envelope<Of>;
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
  const told = (opId: OpId, tell: (handle: WorkflowHandle) => Promise<void>) =>
    unlessGone(
      tell(temporal.workflow.getHandle(opId)).then(() => true),
      false,
    );
  const envelope = <Of extends Command>(command: Of, start: StartOptions = {}) => {
    const known = { ...identify(command, start), ...ownerOf(start) };
    return sealedEnvelope(command, start, known, options.keys);
  };
  const client: Client = {
    identify,
    envelope,
    start: async (command, start) => startOnce(options, envelope(command, start)),
    result: (opId, waitMs) => {
      const ended = () => temporal.workflow.getHandle(opId).result() as Promise<OperationResult>;
      return waitMs === undefined ? ended() : withinMs(temporal, waitMs, ended);
    },
    describe: (opId) => describe(temporal, opId),
    withdraw: (opId) =>
      unlessGone(temporal.workflow.getHandle(opId).executeUpdate(withdraw), { kind: 'too-late' }),
    ...holdWishes(temporal),
    ...rideWishes(temporal),
    sweep: () => sweepNow(temporal, options.taskQueue ?? taskQueueDefault),
    verify: (opId) => told(opId, (handle) => handle.signal(verify)),
    // It looks itself: what it is told need not be so.
    uploadComplete: (opId) => told(opId, (handle) => handle.signal(verify)),
    again: (opId) => told(opId, (handle) => handle.signal(again)),
    decide: (opId, decision) => told(opId, (handle) => handle.signal(decide, decision)),
    evidence: (opId, answer) => told(opId, (handle) => handle.signal(evidence, answer)),
  };
  return client;
}

async function startOnce(options: ClientOptions, envelope: Envelope) {
  const { opId, command, digests } = envelope;
  try {
    await options.temporal.workflow.start(workflowOf(command), {
      ...startOf(envelope, options.taskQueue ?? taskQueueDefault),
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
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

function sealedEnvelope<Of extends Command>(
  command: Of,
  start: StartOptions,
  known: { opId: OpId; digests: FieldDigests; tenant: string; principal: string },
  keys: KeyRing | undefined,
): Envelope<Of> {
  return {
    v: 1,
    ...known,
    actor: start.actor ?? known.principal,
    command,
    fingerprint: fingerprintOf(known.digests),
    trace: start.trace ?? randomBytes(16).toString('hex'),
    acceptedAt: Date.now(),
    timeBudgetMs: start.timeBudget ?? timeBudgetMsDefault,
    ...(start.parentOpId !== undefined && { parentOpId: start.parentOpId }),
    ...(start.approvalAbove !== undefined && { approvalAbove: start.approvalAbove }),
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
