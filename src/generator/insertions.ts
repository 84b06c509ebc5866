import type { Wanted } from './names.js';
import { rendered, renderedService } from './template.js';

/** Lines that a list of all operations gets. */
export interface Insertion {
  readonly file: string;
  readonly text: string;
  /** Which of the file's marks it goes above, from 0; or the words that it goes before. */
  readonly at: number | string;
}

/** Above this line of a list new operations are written. */
const insertMark = 'new operations go above this line';

/** Templates of insertions; `http` ones are for operations that have a door. */
const listed: readonly (Insertion & { readonly http?: boolean })[] = [
  {
    file: 'src/domain/command.ts',
    at: 0,
    text: `  sampleThing: {
    domain: 'SampleDomain',
    eventType: 'SampleThingRequested',
    workflow: 'sampleThing',
  },
`,
  },
  {
    file: 'src/domain/index.ts',
    at: 0,
    text: `export { parseSampleThingCommand } from './sample-thing.js';
export type { SampleThingCommand } from './sample-thing.js';
`,
  },
  {
    file: 'src/domain/service-steps.ts',
    at: 0,
    text: `  // each step
  doWork: 'acmeService',
  // if back
  takeBack: 'acmeService',
  // end if
  // end each
`,
  },
  {
    file: 'src/workflows/index.ts',
    at: 0,
    text: "export { sampleThing } from './sample-thing.js';\n",
  },
  {
    file: 'src/activities/index.ts',
    at: 0,
    text: "export { sampleThingActivities } from './sample-thing.js';\n",
  },
  {
    file: 'src/ledger/index.ts',
    at: 0,
    text: "import { sampleThingVerbs } from './sample-thing.js';\n",
  },
  { file: 'src/ledger/index.ts', at: 1, text: '    ...sampleThingVerbs(database),\n' },
  { file: 'src/main/compose-worker.ts', at: 0, text: '  sampleThingActivities,\n' },
  {
    file: 'src/main/compose-worker.ts',
    at: 1,
    text: '      ...sampleThingActivities({ ledger, classify }),\n',
  },
  {
    file: 'src/gateway/server.ts',
    at: 0,
    text: "import { sampleThingRoutes } from './sample-things.js';\n",
    http: true,
  },
  {
    file: 'src/gateway/server.ts',
    at: 1,
    text: '  sampleThingRoutes(app, { acceptance });\n',
    http: true,
  },
  {
    file: 'src/main/cli.ts',
    at: 0,
    text: "import { addSampleThingCommand } from './cli-sample-thing.js';\n",
    http: true,
  },
  { file: 'src/main/cli.ts', at: 1, text: 'addSampleThingCommand(program);\n', http: true },
  {
    file: 'test/replay/branches.ts',
    at: 0,
    text: "import { sampleThingBranches } from './sample-thing-branches.js';\n",
  },
  { file: 'test/replay/branches.ts', at: 1, text: '  ...sampleThingBranches,\n' },
  {
    file: 'test/chaos/a-gateway-caller.ts',
    at: 0,
    text: "    sampleThing: (body) => ({ path: '/v1/sample-things', body }),\n",
    http: true,
  },
  {
    file: 'test/chaos/a-gateway-caller.ts',
    at: 0,
    text: '    sampleThing: undefined,\n',
    http: false,
  },
  {
    file: 'test/ledger/roles.test.ts',
    at: 0,
    text: `      () => ledger.acceptSampleThing(envelope as never),
      () => ledger.turnSampleThing(envelope.opId, 'withdrawn'),
      () => ledger.endSampleThing(envelope.opId),
`,
  },
  {
    file: 'test/ledger/roles.test.ts',
    at: 1,
    text: `      'accept_sample_thing_v1',
      'end_sample_thing_v1',
      'turn_sample_thing_v1',
`,
  },
  {
    file: 'test/gateway/openapi.test.ts',
    at: 0,
    text: `import { sampleThingBody } from '../../src/gateway/sample-thing-schemas.js';
import { parseSampleThingCommand } from '../../src/domain/index.js';
`,
    http: true,
  },
  {
    file: 'test/gateway/openapi.test.ts',
    at: 1,
    text: `    sampleThing: {
      schema: sampleThingBody,
      parse: (body: unknown) => parseSampleThingCommand(body, 'key-key-key'),
      good: { account: 'a', amount: 1, currency: 'EUR' },
    },
`,
    http: true,
  },
];

const services: readonly Insertion[] = [
  {
    file: 'src/main/compose-services.ts',
    at: 0,
    text: "import { createAcmeService } from '../providers/acme-service.js';\n",
  },
  { file: 'src/main/compose-services.ts', at: 1, text: '  acmeService: createAcmeService,\n' },
];

/** The kinds of events are named after domains. */
const event: Insertion = {
  file: 'docs/events.md',
  at: '`correction` or `account`.',
  text: '`sampledomain`, ',
};

/** What the lists of all operations get for this one; for services, those that are new. */
export function insertionsOf(
  wanted: Wanted,
  fresh: { readonly services: readonly string[]; readonly domain: boolean },
): readonly Insertion[] {
  const own = listed
    .filter(({ http = wanted.http }) => http === wanted.http)
    .map(({ file, at, text }) => ({ file, at, text: rendered(text, wanted) }))
    .filter(({ text }) => text !== '');
  const ofServices = fresh.services.flatMap((service) =>
    services.map((one) => ({ ...one, text: renderedService(one.text, service) })),
  );
  const { domain } = wanted.names;
  const ofDomain = { ...event, text: event.text.replace('sampledomain', domain.toLowerCase()) };
  return [...own, ...ofServices, ...(fresh.domain ? [ofDomain] : [])];
}

/** The list with the lines in it, once. */
export function inserted(list: string, { at, text, file }: Insertion): string {
  if (list.includes(text)) return list;
  const marks =
    typeof at === 'string'
      ? [list.indexOf(at)].filter((index) => index >= 0)
      : Array.from(list.matchAll(new RegExp(`^.*${insertMark}$`, 'gm')), ({ index }) => index);
  const index = marks[typeof at === 'string' ? 0 : at];
  if (index === undefined) throw new RangeError(`${file} has no place ${at} for new operations`);
  return `${list.slice(0, index)}${text}${list.slice(index)}`;
}
