import { CancellationScope, setHandler } from '@temporalio/workflow';
import type { OutsideAnswer } from '../domain/index.js';
import { evidence, verify, type WithdrawAnswer, withdraw } from './messages.js';

/** What people and providers told a running operation. */
export interface Wishes {
  /** True once somebody withdrew in time: by the update, or by Cancel in the Web UI. */
  withdrawn: boolean;
  /** True while a look at the provider is asked for; the one who looks sets it back. */
  verify: boolean;
  /** Set while withdrawing is still possible. */
  open: boolean;
  /** True once Cancel was pressed, which can be done but once: it is not forgotten. */
  cancelled: boolean;
  /** What the provider told by itself, the latest of each reference. */
  readonly told: Map<string, OutsideAnswer>;
  /** How often it told something. */
  heard: number;
}

/** Listens from now on. Call it before the first step, or a wish could come before its ear. */
export function listenForWishes(): Wishes {
  const wishes: Wishes = {
    ...{ withdrawn: false, verify: false, open: true, cancelled: false },
    ...{ told: new Map(), heard: 0 },
  };
  const wish = (): WithdrawAnswer => {
    // Who stands still wakes up for it.
    if (wishes.open) wishes.withdrawn = wishes.verify = true;
    return wishes.withdrawn ? { kind: 'accepted' } : { kind: 'too-late' };
  };
  setHandler(withdraw, wish);
  setHandler(verify, () => {
    wishes.verify = true;
  });
  setHandler(evidence, (told) => {
    wishes.told.set(told.reference, told);
    wishes.heard += 1;
  });
  CancellationScope.current().cancelRequested.catch(() => {
    wishes.cancelled = true;
    wish();
  });
  return wishes;
}
