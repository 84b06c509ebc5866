import { parseOrderCommand } from '../../src/domain/index.js';
import { conforms } from './conformance.js';
import { inSteps, refusedAt, type TakenSteps, whole } from './several-steps.js';

const taken: TakenSteps = {
  ...{ accept: 'acceptOrder', turn: 'turnOrder', end: 'endOrder' },
  parse: parseOrderCommand,
  services: [{ step: 'reserveStock', back: 'releaseStock' }, { step: 'ship' }],
};
const more = { items: [{ sku: 'mug', quantity: 2 }] };

conforms({
  of: 'order',
  name: 'an order',
  ...whole(taken),
  begin: (world) => inSteps(world, taken, more),
});

conforms({
  of: 'order',
  name: 'an order that is refused at reserveStock',
  ...refusedAt(taken, 'reserveStock'),
  begin: (world) => inSteps(world, taken, more, { at: 'reserveStock', code: 'out-of-stock' }),
});

conforms({
  of: 'order',
  name: 'an order that is refused at ship',
  ...refusedAt(taken, 'ship'),
  begin: (world) => inSteps(world, taken, more, { at: 'ship' }),
});
