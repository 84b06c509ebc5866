import { parseSampleThingCommand } from '../../src/domain/index.js';
import { conforms } from './conformance.js';
import { inSteps, refusedAt, type TakenSteps, whole } from './several-steps.js';

const taken: TakenSteps = {
  ...{ accept: 'acceptSampleThing', turn: 'turnSampleThing', end: 'endSampleThing' },
  parse: parseSampleThingCommand,
  services: [
    // each step
    // if back
    { step: 'doWork', back: 'takeBack' },
    // else
    { step: 'doWork' },
    // end if
    // end each
  ],
};
// to fill: what it asks for beside its money
const more = {};

conforms({
  of: 'sampleThing',
  name: 'a sample thing',
  ...whole(taken),
  begin: (world) => inSteps(world, taken, more),
});

// each step
conforms({
  of: 'sampleThing',
  name: 'a sample thing that is refused at doWork',
  ...refusedAt(taken, 'doWork'),
  begin: (world) => inSteps(world, taken, more, { at: 'doWork' }),
});

// end each
