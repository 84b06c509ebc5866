import { answersOverHttp } from './several-steps.js';

const lines = (...items: object[]) => ({ items });

answersOverHttp({
  ...{ name: 'an order', path: '/v1/orders', domain: 'Order' },
  more: lines({ sku: 'mug', quantity: 2 }),
  effects: ['reserveStock.1', 'ship.1'],
  refused: [
    ['nothing', lines(), 'field-invalid'],
    ['none of it', lines({ sku: 'mug', quantity: 0 }), 'field-invalid'],
    ['too much of it', lines({ sku: 'mug', quantity: 101 }), 'field-invalid'],
    ['half of one', lines({ sku: 'mug', quantity: 0.5 }), 'field-invalid'],
    ['what has no name', lines({ quantity: 1 }), 'field-required'],
  ],
});
