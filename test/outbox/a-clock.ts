import type { World } from '../ledger/world.js';

/** Lets so many seconds go by at once, for all that the ledger does; 0 in all is the true time. */
export function aClock(here: { readonly world: World }) {
  let ahead = 0;
  const set = (seconds: number) => {
    ahead = seconds;
    return here.world.rows(
      `create or replace function ledger.clock() returns timestamptz language sql volatile as
       $$ select clock_timestamp() + interval '${ahead} seconds' $$`,
    );
  };
  return { forward: (seconds: number) => set(ahead + seconds), reset: () => set(0) };
}
