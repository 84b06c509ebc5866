import { setTimeout as delay } from 'node:timers/promises';
import type { Lock, Locker } from '@tus/server';
import { nanoid } from 'nanoid';
import type { OpId } from '../domain/index.js';
import type { UploadDesk } from '../ledger/index.js';
import { problem } from './problems.js';

type Leases = Pick<UploadDesk, 'lock' | 'unlock'>;

const leaseMs = 8_000;
/** How soon the holder hears that somebody wants it. */
const renewEveryMs = 500;
const tryEveryMs = 200;
/** Longer than a lease: that of a gateway which was killed ends meanwhile. */
const waitMs = 10_000;

/**
 * One request at a time writes an upload, whichever gateway it came to: by a lease in the
 * database. A second one asks the first to let go. This is good manners, not what keeps a file
 * whole: every part that is recorded compares the offset.
 */
export function createUploadLocker(leases: Leases, tenant: string): Locker {
  return { newLock: (id) => newLock(leases, tenant, id as OpId) };
}

function newLock(leases: Leases, tenant: string, opId: OpId): Lock {
  const holder = nanoid();
  const renew = () => leases.lock(tenant, opId, holder, leaseMs);
  const done = new AbortController();
  let keeping: Promise<void> | undefined;

  // Renewed until it is wanted by another, or lost: both end the request that holds it.
  const keep = async (letGo: () => unknown) => {
    for (;;) {
      await delay(renewEveryMs, undefined, { signal: done.signal }).catch(() => undefined);
      if (done.signal.aborted) return;
      const lease = await renew().catch(() => undefined);
      if (lease?.kind !== 'locked' || lease.wanted) await letGo();
    }
  };
  return {
    async lock(signal, letGo) {
      const deadline = performance.now() + waitMs;
      while ((await renew()).kind !== 'locked') {
        if (signal.aborted || performance.now() > deadline) {
          throw problem('upload-busy', {}, { 'retry-after': '2' });
        }
        await delay(tryEveryMs);
      }
      keeping = keep(letGo);
    },
    async unlock() {
      done.abort();
      await keeping;
      // What it was held for is done by now, and a lease that is not given back ends by itself.
      await leases.unlock(tenant, opId, holder).catch(() => undefined);
    },
  };
}
