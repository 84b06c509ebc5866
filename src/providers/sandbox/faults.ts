import type { FaultMatch, FaultRule, SandboxFault } from './fault-rule.js';
import { magicFault } from './magic-amounts.js';

/** A call, as far as faults look at it. */
export interface StruckCall {
  readonly method: string;
  readonly path: string;
  readonly reference?: string;
  readonly amount?: number;
}

export interface Faults {
  /** False when there are 100 already. */
  add(rule: FaultRule): boolean;
  list(): readonly (FaultRule & { readonly struck: number })[];
  clear(): void;
  /** The fault that strikes this call: the first rule posted, else the amount's own. */
  strike(call: StruckCall): SandboxFault | undefined;
}

const rulesMax = 100;
const referencesMax = 10_000;

/** Faults live in memory: a restart forgets them, but never what they did. */
export function createFaults(): Faults {
  let rules: { rule: FaultRule; matched: number; struck: number; random: () => number }[] = [];
  const struckOnce = new Set<string>();

  function magic(call: StruckCall): SandboxFault | undefined {
    const found = call.method === 'POST' ? magicFault(call.amount) : undefined;
    if (found === undefined || !found.once) return found?.fault;
    const reference = call.reference ?? '';
    if (struckOnce.has(reference)) return undefined;
    if (struckOnce.size >= referencesMax) struckOnce.clear();
    struckOnce.add(reference);
    return found.fault;
  }

  return {
    add(rule) {
      if (rules.length >= rulesMax) return false;
      rules.push({ rule, matched: 0, struck: 0, random: randomOf(rule.seed ?? 1) });
      return true;
    },
    list: () => rules.map(({ rule, struck }) => ({ ...rule, struck })),
    clear() {
      rules = [];
    },
    strike(call) {
      for (const state of rules) {
        const { match = {}, skip = 0, probability = 1, times = Infinity } = state.rule;
        if (!matches(match, call)) continue;
        state.matched += 1;
        if (state.matched <= skip || state.struck >= times) continue;
        if (probability < 1 && state.random() >= probability) continue;
        state.struck += 1;
        return state.rule;
      }
      return magic(call);
    },
  };
}

function matches(match: FaultMatch, call: StruckCall): boolean {
  if (match.method !== undefined && match.method !== call.method) return false;
  if (match.amount !== undefined && match.amount !== call.amount) return false;
  if (match.path !== undefined && !`${call.path}/`.startsWith(`${match.path}/`)) return false;
  return match.referencePrefix === undefined || !!call.reference?.startsWith(match.referencePrefix);
}

/** mulberry32: a small generator whose draws the seed alone decides. */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
