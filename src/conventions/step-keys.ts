import type { ObjectExpression, ObjectPropertyKind } from 'oxc-parser';
import { type BadExample, example, type Rule } from './rule.js';
import { faultsOf, isSource } from './syntax.js';

const dice = new RegExp(
  [
    /\b(nanoid|uuid4|randomUUID|randomBytes)\b|\bMath\.random\b/,
    /\b(Date|performance)\.now\b|\bnew Date\(\)/,
    // The next attempt of a step has others.
    /\binfo\.(attempt|activityId|taskToken)\b/,
  ]
    .map(({ source }) => source)
    .join('|'),
);
const madeInStep =
  'made inside a step, it is another one when the step is repeated: a time-out charges twice; ' +
  'take the key that the ledger wrote before the call';
const madeAnew = (name: string) =>
  `${name} is made anew at each try: a retry charges again; take the caller's or the ledger's`;
const keys = new Set(['idemKey', 'idempotencyKey', 'idempotency-key', 'reference']);

/** What names an intent at the outside is given to a step, never made by it. */
export const stepKeys: Rule = {
  name: 'step-keys',
  covers: isSource,
  check: (files) =>
    files.flatMap((file) => {
      const textOf = ({ start, end }: Span) => file.text.slice(start, end);
      const inStep = file.path.startsWith('src/activities/');
      return faultsOf(file, (report) => {
        const check = (node: Span) => inStep && dice.test(textOf(node)) && report(node, madeInStep);
        return {
          CallExpression: ({ callee }) => check(callee),
          NewExpression: check,
          ImportSpecifier: check,
          MemberExpression: (node) => {
            if (!node.computed && textOf(node).endsWith(`info.${textOf(node.property)}`))
              check(node);
          },
          Property({ key, value, shorthand }) {
            const name = nameOf(key);
            if (!shorthand && keys.has(name) && dice.test(textOf(value))) {
              report(value, madeAnew(name));
            }
          },
        };
      });
    }),
  good: [
    example(
      'src/activities/outside.ts',
      'export const charge = (provider: Provider, request: Request) =>',
      "  provider.perform({ reference: request.reference, 'idempotency-key': request.reference });",
      'export const until = (moment: number) => new Date(moment).toISOString();',
      'export const runId = () => Context.current().info.workflowExecution?.runId;',
    ),
    example('src/gateway/transport.ts', 'export const requestId = () => nanoid();'),
  ],
  bad: [
    ...[
      'export const key = () => crypto.randomUUID();',
      'export const key = (opId: string) => `${opId}:${Date.now()}`;',
      'export const key = () => `${new Date().getTime()}`;',
      'export const key = (opId: string) => `${opId}:${Context.current().info.attempt}`;',
      "import { nanoid } from 'nanoid';",
    ].map(
      (line): BadExample => ({
        files: [example('src/activities/outside.ts', line)],
        message: madeInStep,
      }),
    ),
    {
      files: [
        example(
          'src/providers/acme/client.ts',
          "export const headers = () => ({ 'idempotency-key': nanoid() });",
        ),
      ],
      message: madeAnew('idempotency-key'),
    },
    {
      files: [
        example(
          'src/client/client.ts',
          'export const asked = (payload: unknown) => ({ idemKey: `pay:${Date.now()}`, payload });',
        ),
      ],
      message: madeAnew('idemKey'),
    },
  ],
};

const writing = new Set(['post', 'put', 'patch']);
const noKey =
  'a command without idemKey: the same order sent twice is two operations, and is paid twice';
const maybeKey = 'idemKey is not optional: who leaves it out pays once more at every repetition';
const notAsked =
  'accepts a command and asks for no Idempotency-Key: a client that repeats its POST pays twice';

/** No operation begins without the key that makes its repetition the same one. */
export const commandKeys: Rule = {
  name: 'command-keys',
  covers: isSource,
  check: (files) =>
    files.flatMap((file) =>
      faultsOf(file, (report) => ({
        ObjectExpression(node) {
          const written = writtenIn(node);
          const names = new Set(written.map(nameOfProperty));
          if (!names.has('eventType') || !names.has('payload')) return;
          const key = written.find((property) => nameOfProperty(property) === 'idemKey');
          const isEmpty =
            key?.type === 'Property' && key.value.type === 'Literal' && !key.value.value;
          if (key === undefined || isEmpty) report(node, noKey);
        },
        TSPropertySignature(node) {
          if (nameOf(node.key) === 'idemKey' && node.optional) report(node, maybeKey);
        },
        CallExpression(node) {
          const { callee, start, end } = node;
          if (callee.type !== 'MemberExpression' || !writing.has(nameOf(callee.property))) return;
          if (!file.path.startsWith('src/gateway/')) return;
          const handler = file.text.slice(start, end);
          const accepts = /\b(acceptance\s*\.accept|client\.start)\(/.test(handler);
          if (accepts && !/dempotencyKeyOf\(/.test(handler)) report(node, notAsked);
        },
      })),
    ),
  good: [
    example(
      'src/domain/payout.ts',
      'export const asked = (idemKey: string, payload: unknown) =>',
      "  ({ ...{ domain: 'Payout', eventType: 'PayoutRequested', idemKey }, payload });",
      'export interface Command { readonly idemKey: string }',
    ),
    example(
      'src/gateway/payouts.ts',
      "app.post('/v1/payouts', (request) =>",
      '  acceptance.accept({ key: idempotencyKeyOf(request.headers) }));',
    ),
  ],
  bad: [
    {
      files: [
        example(
          'src/domain/payout.ts',
          "export const asked = { domain: 'Payout', eventType: 'PayoutRequested', payload: {} };",
        ),
      ],
      message: noKey,
    },
    {
      files: [
        example(
          'src/domain/payout.ts',
          "export const asked = { eventType: 'PayoutRequested', idemKey: '', payload: {} };",
        ),
      ],
      message: noKey,
    },
    {
      files: [example('src/domain/command.ts', 'export interface Command { idemKey?: string }')],
      message: maybeKey,
    },
    {
      files: [
        example(
          'src/gateway/payouts.ts',
          "app.post('/v1/payouts', (request) => acceptance.accept({ body: request.body }));",
        ),
      ],
      message: notAsked,
    },
  ],
};

interface Span {
  readonly start: number;
  readonly end: number;
}

function nameOf(key: { readonly type: string }): string {
  if ('name' in key) return String(key.name);
  return 'value' in key ? String(key.value) : '';
}

/** The properties that are written out, also in an object that is spread where it stands. */
function writtenIn({ properties }: ObjectExpression): readonly ObjectPropertyKind[] {
  return properties.flatMap((property) =>
    property.type === 'SpreadElement' && property.argument.type === 'ObjectExpression'
      ? writtenIn(property.argument)
      : [property],
  );
}

function nameOfProperty(property: ObjectPropertyKind): string {
  return property.type === 'Property' ? nameOf(property.key) : '';
}
