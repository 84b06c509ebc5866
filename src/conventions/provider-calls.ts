import type { CallExpression, Expression } from 'oxc-parser';
import { example, type Rule, type SourceFile } from './rule.js';
import { faultsOf, isSource } from './syntax.js';

const behind = /^src\/(providers|activities)\//;
const rooms = /^src\/(domain|workflows|activities|ledger|reconciler|client|gateway|console)\//;
const calls = new Set(['perform', 'find', 'fence']);
const direct =
  'calls the provider outside a step: nobody looks up what a lost answer did, and it is done twice';
const wire =
  'reaches outside without a provider and its profile: a lost answer cannot be asked for';
const unprofiled =
  'a provider without a profile: a key is sent again after it was forgotten, and charges twice';
const repeated =
  'a step at the provider that Temporal repeats, or a time-out that is not written: ' +
  'maximumAttempts is 1, for a call that is repeated blindly charges twice';
const written = [
  'taskQueue',
  'scheduleToStartTimeout',
  'startToCloseTimeout',
  'heartbeatTimeout',
] as const;

/** The provider is called in a step, once, with every time-out written, and with its profile. */
export const providerCalls: Rule = {
  name: 'provider-calls',
  covers: isSource,
  check: (files) => files.flatMap(checkCalls),
  good: [
    example(
      'src/activities/outside.ts',
      'export const charge = (provider: Provider, request: Request) => provider.perform(request);',
    ),
    example(
      'src/workflows/provider-step.ts',
      'const provider = proxyActivities<ProviderSteps>({',
      "  taskQueue, scheduleToStartTimeout: '30s', startToCloseTimeout: '12s',",
      "  heartbeatTimeout: '3s', retry: { maximumAttempts: 1 },",
      '});',
    ),
    example(
      'src/providers/acme/client.ts',
      'export const acme = (profile: Profile) => ({ profile, perform: () => fetch(url) });',
    ),
  ],
  bad: [
    ...[
      'export const charge = (deps: Deps) => deps.provider.perform(request);',
      'export const charge = (provider: Provider) => { const { perform } = provider; };',
    ].map((line) => ({ files: [example('src/gateway/payments.ts', line)], message: direct })),
    {
      files: [example('src/activities/payment.ts', 'export const charge = () => fetch(url);')],
      message: wire,
    },
    {
      files: [
        example('src/providers/acme/client.ts', 'export const acme = { perform, find, fence };'),
      ],
      message: unprofiled,
    },
    ...[
      'const steps = proxyLocalActivities<ProviderSteps>({ retry: { maximumAttempts: 1 } });',
      "const steps = proxyActivities<ProviderSteps>({ startToCloseTimeout: '12s' });",
      'const steps = ledgerSteps<ProviderSteps>();',
    ].map((line) => ({ files: [example('src/workflows/payment.ts', line)], message: repeated })),
  ],
};

const evidence = 'src/domain/evidence.ts';
const steps = 'src/workflows/provider-step.ts';
/** These ask, look, and end a doubt; whoever else has a step to do asks them. */
const resolving = new Set([steps, 'src/workflows/outside.ts', 'src/workflows/resolver.ts']);
const unread = 'the steps at the provider are written out here: type OutsideStep';
const noLook = (step: string) =>
  `${step} has no look-up in ${steps}: after a lost answer nobody can know whether it moved money`;
const unresolved =
  'does a step at the provider itself: its lost answer has no resolver, and is taken for a refusal';

/** Every step at the provider can be looked up, and is done where its doubt is ended. */
export const stepLookUps: Rule = {
  name: 'step-look-ups',
  house: true,
  covers: (path) => path === evidence || /^src\/workflows\/.*\.ts$/.test(path),
  check: (files) => [...files.flatMap(checkLooks), ...files.flatMap(checkResolved)],
  good: [
    example(evidence, "export type OutsideStep = 'charge' | 'void';"),
    example(steps, "const finding = { charge: 'findCharge', void: 'findVoid' } as const;"),
    example('src/workflows/outside.ts', "import { perform } from './provider-step.js';"),
    example('src/workflows/payment.ts', "import { find } from './provider-step.js';"),
  ],
  bad: [
    {
      files: [
        example(evidence, "export type OutsideStep = 'charge' | 'tip';"),
        example(steps, "const finding = { charge: 'findCharge' };"),
      ],
      message: noLook('tip'),
    },
    {
      files: [
        example(evidence, "export type OutsideStep = 'tip';"),
        example(steps, "const finding = { tip: 'payTip' };"),
      ],
      message: noLook('tip'),
    },
    { files: [example(evidence, 'export type Step = string;')], message: unread },
    {
      files: [example('src/workflows/tip.ts', "import { perform } from './provider-step.js';")],
      message: unresolved,
    },
  ],
};

function checkCalls(file: SourceFile) {
  const isBehind = behind.test(file.path);
  return faultsOf(file, (report) => ({
    MemberExpression(node) {
      const { object, property } = node;
      if (isBehind || property.type !== 'Identifier' || !calls.has(property.name)) return;
      if (isProvider(object)) report(node, direct);
    },
    VariableDeclarator({ id, init }) {
      if (isBehind || id.type !== 'ObjectPattern' || !init || !isProvider(init)) return;
      for (const property of id.properties) {
        if (property.type !== 'Property' || property.key.type !== 'Identifier') continue;
        if (calls.has(property.key.name)) report(property, direct);
      }
    },
    ObjectExpression(node) {
      const names = new Set(
        node.properties.map((property) =>
          property.type === 'Property' && property.key.type === 'Identifier'
            ? property.key.name
            : '',
        ),
      );
      if (!file.path.startsWith('src/providers/') || !names.has('perform')) return;
      if (!names.has('profile')) report(node, unprofiled);
    },
    CallExpression(node) {
      const { callee } = node;
      if (callee.type !== 'Identifier') return;
      if (callee.name === 'fetch' && rooms.test(file.path)) report(node, wire);
      const types = node.typeArguments;
      const named = types ? file.text.slice(types.start, types.end) : '';
      if (/\bProviderSteps\b/.test(named) && !isOnce(file, node)) report(node, repeated);
    },
  }));
}

function isProvider(node: Expression): boolean {
  if (node.type === 'Identifier') return /provider$/i.test(node.name);
  if (node.type !== 'MemberExpression' || node.property.type !== 'Identifier') return false;
  return /provider$/i.test(node.property.name);
}

/** True for an ordinary activity that is tried once, and in a time that stands here. */
function isOnce({ text }: SourceFile, { callee, arguments: [options] }: CallExpression): boolean {
  if (callee.type !== 'Identifier' || callee.name !== 'proxyActivities') return false;
  if (options?.type !== 'ObjectExpression') return false;
  const said = new Map(
    options.properties.flatMap((property) =>
      property.type === 'Property' && property.key.type === 'Identifier'
        ? [[property.key.name, text.slice(property.value.start, property.value.end)]]
        : [],
    ),
  );
  const isOneTry = /\bmaximumAttempts:\s*1\b/.test(said.get('retry') ?? '');
  return isOneTry && written.every((name) => said.has(name));
}

function checkLooks(file: SourceFile, _: number, files: readonly SourceFile[]) {
  if (file.path !== evidence) return [];
  const found = files.filter(({ path }) => path === steps).flatMap(lookUpsOf);
  return faultsOf(file, (report) => {
    let isRead = false;
    return {
      TSTypeAliasDeclaration({ id, typeAnnotation }) {
        if (id.name !== 'OutsideStep') return;
        isRead = true;
        const types = typeAnnotation.type === 'TSUnionType' ? typeAnnotation.types : [];
        for (const type of types.length > 0 ? types : [typeAnnotation]) {
          const step = type.type === 'TSLiteralType' && 'value' in type.literal;
          const name = step ? String((type.literal as { value: unknown }).value) : 'a step';
          if (!found.includes(name)) report(type, noLook(name));
        }
      },
      'Program:exit': (program) => {
        if (!isRead) report(program, unread);
      },
    };
  });
}

/** The steps that `const finding = { charge: 'findCharge' }` has a look-up for. */
function lookUpsOf(file: SourceFile): readonly string[] {
  const names: string[] = [];
  const [, body = ''] = /\bconst finding = \{([^}]*)\}/.exec(file.text) ?? [];
  for (const [, name = ''] of body.matchAll(/(\w+): 'find[A-Z]\w*'/g)) names.push(name);
  return names;
}

function checkResolved(file: SourceFile) {
  if (resolving.has(file.path) || file.path === evidence) return [];
  return faultsOf(file, (report) => ({
    ImportSpecifier(node) {
      const { imported } = node;
      const name = imported.type === 'Identifier' ? imported.name : imported.value;
      if (name === 'perform' || name === 'fence') report(node, unresolved);
    },
  }));
}
