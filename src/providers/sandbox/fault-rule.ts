import { type FaultCode, type Parsed, readObject } from '../../domain/index.js';

/**
 * Every way the sandbox misbehaves. `before`: it did not act, `after`: it acted first.
 * html, huge: it acts, then answers a page or 3 MB. down: 503 before acting.
 * drop-keys: the idempotency key is neither looked up nor kept, so a repeated call charges twice.
 * webhook-...: it is honest, and the events of what it did come twice (duplicate), after a later
 * one (reordered), late, or never (missing).
 */
export const faultNames = [
  'decline',
  'pending',
  'slow',
  'timeout-before',
  'timeout-after',
  'error-before',
  'error-after',
  'reset-before',
  'reset-after',
  'rate-limit',
  'down',
  'wrong-amount',
  'wrong-currency',
  'html',
  'huge',
  'drop-keys',
  'webhook-duplicate',
  'webhook-reordered',
  'webhook-late',
  'webhook-missing',
] as const;

export type FaultName = (typeof faultNames)[number];

/** One fault and its settings; each setting has a default. */
export interface SandboxFault {
  readonly fault: FaultName;
  /** Of a decline; `insufficient_funds` by default. */
  readonly declineCode?: string | undefined;
  /**
   * slow: how long before it acts; pending: how long until it decides; webhook-late: how long an
   * event waits; webhook-reordered: how long at most for another to overtake it. 1,000 by default.
   */
  readonly delayMs?: number | undefined;
  /** How what is pending ends; as it was asked (`captured`) by default. */
  readonly becomes?: 'captured' | 'declined' | undefined;
  /** Of error-before and error-after, 500-599; 500 by default. */
  readonly status?: number | undefined;
  /** What rate-limit and down tell as Retry-After, rounded up to seconds; 1,000 by default. */
  readonly retryAfterMs?: number | undefined;
}

/** Which calls a fault strikes. An absent field matches all. */
export interface FaultMatch {
  readonly method?: 'GET' | 'POST' | undefined;
  /** This path and everything below it. */
  readonly path?: string | undefined;
  readonly referencePrefix?: string | undefined;
  readonly amount?: number | undefined;
}

/** A fault as posted to `/faults`. */
export interface FaultRule extends SandboxFault {
  readonly match?: FaultMatch | undefined;
  /** How often it strikes; without end by default. */
  readonly times?: number | undefined;
  /** How many matching calls it lets by first; 0 by default. */
  readonly skip?: number | undefined;
  /** 0 to 1, for each call anew, drawn from `seed`; 1 by default. */
  readonly probability?: number | undefined;
  readonly seed?: number | undefined;
}

const delayMsMax = 10 * 365 * 24 * 3_600_000;
const retryAfterMsMax = 24 * 3_600_000;
const countMax = 1_000_000;

/** The body of `POST /faults` as a rule, or all that is wrong with it. */
export function parseFaultRule(body: unknown): Parsed<FaultRule> {
  const fields = ['fault', 'match', 'times', 'skip', 'probability', 'seed'];
  const settings = ['declineCode', 'delayMs', 'becomes', 'status', 'retryAfterMs'];
  return readObject(body, [...fields, ...settings], (read) => {
    const whole = (path: string, min: number, max: number) =>
      read.optional(path, () => read.whole(path, min, max));
    return {
      fault: read.oneOf('fault', faultNames),
      match: read.optional('match', () => readMatch(body, read.fault)),
      times: whole('times', 1, countMax),
      skip: whole('skip', 0, countMax),
      probability: read.optional('probability', () => readProbability(body, read.fault)),
      seed: whole('seed', 0, 2 ** 31),
      declineCode: read.optional('declineCode', (path) => read.label(path, 64)),
      delayMs: whole('delayMs', 0, delayMsMax),
      becomes: read.optional('becomes', (p) => read.oneOf(p, ['captured', 'declined'] as const)),
      status: whole('status', 500, 599),
      retryAfterMs: whole('retryAfterMs', 0, retryAfterMsMax),
    };
  });
}

type OnFault = (path: string, code: FaultCode) => void;

function readMatch(body: unknown, onFault: OnFault): FaultMatch {
  const { match } = body as { match: unknown };
  const known = ['method', 'path', 'referencePrefix', 'amount'];
  const parsed = readObject(match, known, (read) => ({
    method: read.optional('method', (path) => read.oneOf(path, ['GET', 'POST'] as const)),
    path: read.optional('path', (path) => read.label(path, 255)),
    referencePrefix: read.optional('referencePrefix', (path) => read.label(path, 255)),
    amount: read.optional('amount', read.amount),
  }));
  if (parsed.ok) return parsed.value;
  for (const { path, code } of parsed.faults) onFault(path ? `match.${path}` : 'match', code);
  return {};
}

function readProbability(body: unknown, onFault: OnFault): number {
  const { probability } = body as { probability: unknown };
  if (typeof probability === 'number' && probability >= 0 && probability <= 1) return probability;
  onFault('probability', 'field-invalid');
  return 0;
}
