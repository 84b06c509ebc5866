/**
 * @module generator: writes a new operation, and takes one away again.
 * lives here: names and their forms, templates, the lists that all operations are in
 * may touch: its own templates; what it makes is written by main
 * never: an operation's own business
 * proved in: test/generator
 */
export { type Artefact, artefactsOf, placesToFill } from './artefacts.js';
export { inserted, type Insertion, insertionsOf } from './insertions.js';
export { type Made, madeFile, withdrawn } from './made.js';
export {
  joinedBy,
  lowered,
  namesOf,
  raised,
  stepsOf,
  type Wanted,
} from './names.js';
export { sharedLines } from './share.js';
