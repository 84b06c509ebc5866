import type { Branch } from './branches.js';
import { steps } from './several-steps.js';

// to fill: what it asks for beside its money
const more = {};

/** Every branch of a sample thing. Its payment and its refund are those of every operation. */
export const sampleThingBranches: readonly Branch[] = [
  steps('sampleThing', 'sample-thing-fulfilled', more, {}, 'fulfilled'),
  steps('sampleThing', 'sample-thing-unpaid', more, { funds: 0 }, 'insufficient-funds'),
  // each step
  steps(
    'sampleThing',
    'sample-thing-do-work-refused',
    more,
    { faults: [{ at: 'doWork', fault: 'decline' }] },
    'provider-refused',
  ),
  steps(
    'sampleThing',
    'sample-thing-do-work-in-doubt',
    more,
    { faults: [{ at: 'doWork', fault: 'error-after' }] },
    'fulfilled',
  ),
  // end each
  // if steps
  // last step
  steps(
    'sampleThing',
    'sample-thing-parked',
    more,
    { faults: [{ at: 'doWork', fault: 'error-before' }], blind: true },
    'parked',
  ),
  // end last
  // end if
];
