import { setTimeout as pause } from 'node:timers/promises';
import {
  type Answer,
  type HttpApi,
  isAtRest,
  isOperation,
  type OperationBody,
  type ProblemBody,
} from '../../src/main/http-api.js';

/** What one request to begin something was answered. */
export interface Ask {
  /** One number for all requests of one start. */
  readonly start: number;
  /** When it was asked for first. */
  readonly startedMs: number;
  /** Whether it is that first request. */
  readonly isFirst: boolean;
  /** `again`: the same key is being served, which is the asker's doing. */
  readonly answer: 'accepted' | 'refused' | 'again' | 'unavailable';
  /** A status and a code, or `no answer`. */
  readonly said: string;
}

/** An operation that a caller was told of. */
export interface Begun {
  readonly opId: string;
  readonly kind: string;
  /** When it was asked for first, and answered. */
  readonly askedMs: number;
  readonly acceptedMs: number;
}

/** Told of all that callers ask and are told. */
export interface Ears {
  onAsk(ask: Ask): void;
  onBegun(begun: Begun): void;
  onViolation(what: string): void;
}

/** A careful caller: it asks under the same key until there is an answer. */
export interface Caller {
  /** The operation; undefined when it was refused, or nobody answered until the end. */
  start(ask: StartAsk): Promise<string | undefined>;
  /** Says it until it is taken, or the operation is at rest. */
  persuade(opId: string, path: string, body: object, key?: string): Promise<void>;
  /** The operation once it is at rest; undefined when the end came before. */
  atRest(opId: string): Promise<OperationBody | undefined>;
}

interface StartAsk {
  readonly kind: string;
  readonly path: string;
  readonly body: object;
  readonly key: string;
}

const againMs = 250;
const lookMs = 500;
const lookMsMax = 5_000;

let starts = 0;

/** A caller who goes on until `ended`. */
export function createCaller(api: HttpApi, ears: Ears, ended: AbortSignal): Caller {
  const look = async (opId: string): Promise<OperationBody | undefined> => {
    const answer = await api.get<OperationBody>(`/v1/operations/${opId}`).catch(() => undefined);
    return answer !== undefined && isOperation(answer.body) ? answer.body : undefined;
  };
  return {
    async start({ kind, path, body, key }) {
      const askedMs = performance.now();
      starts += 1;
      const start = starts;
      for (let atMs = askedMs; !ended.aborted; atMs = performance.now()) {
        const answer = await api.post<OperationBody>(path, body, { key }).catch(() => undefined);
        const isFirst = atMs === askedMs;
        const said = { answer: kindOf(answer), said: saidBy(answer) };
        const ask = { start, startedMs: askedMs, isFirst, ...said };
        ears.onAsk(ask);
        if (answer !== undefined && isOperation(answer.body)) {
          const { opId } = answer.body;
          ears.onBegun({ opId, kind, askedMs, acceptedMs: performance.now() });
          return opId;
        }
        if (ask.answer === 'refused') return undefined;
        await pause(againMs);
      }
      return undefined;
    },
    async persuade(opId, path, body, named) {
      let refusals = 0;
      while (!ended.aborted) {
        // What was refused under a key stays refused under it.
        const key = named === undefined ? undefined : `${named}-${refusals}`;
        const answer = await api.post<OperationBody>(path, body, { key }).catch(() => undefined);
        if (answer?.status === 202) return;
        if (answer?.status === 409) refusals += 1;
        const isRefused = answer !== undefined && answer.status < 500 && answer.status !== 409;
        if (isRefused) return ears.onViolation(`${path} was refused: ${saidBy(answer)}`);
        const found = await look(opId);
        if (found !== undefined && isAtRest(found)) return;
        await pause(Math.min(lookMs * (refusals + 1), lookMsMax));
      }
    },
    async atRest(opId) {
      while (!ended.aborted) {
        const found = await look(opId);
        if (found !== undefined && isAtRest(found)) return found;
        await pause(lookMs);
      }
      return undefined;
    },
  };
}

type Said = Answer<OperationBody | ProblemBody> | undefined;

function kindOf(answer: Said): Ask['answer'] {
  if (answer === undefined || answer.status >= 500) return 'unavailable';
  if (isOperation(answer.body)) return 'accepted';
  return answer.status === 409 && answer.headers.has('retry-after') ? 'again' : 'refused';
}

function saidBy(answer: Said): string {
  if (answer === undefined) return 'no answer';
  return isOperation(answer.body) ? `${answer.status}` : `${answer.status} ${answer.body.code}`;
}
