import { answersOverHttp } from './several-steps.js';

answersOverHttp({
  ...{ name: 'a sample thing', path: '/v1/sample-things', domain: 'SampleDomain' },
  // to fill: what it asks for beside its money
  more: {},
  effects: [
    // each step
    'doWork.1',
    // end each
  ],
  refused: [
    // to fill: what it must not be asked for, as ['what', { field: 0 }, 'field-invalid']
  ],
});
