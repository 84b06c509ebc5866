import type { CallExpression, CatchClause, TSType, TSTypeAnnotation } from 'oxc-parser';
import { example, type Rule, type SourceFile } from './rule.js';
import { faultsOf } from './syntax.js';

const place = 'src/activities/faults.ts';
const covered = /^src\/(activities|workflows|providers)\/.*\.ts$/;
const noAnswers = new Set<TSType['type']>([
  'TSBooleanKeyword',
  'TSVoidKeyword',
  'TSUndefinedKeyword',
  'TSNullKeyword',
]);
const refusals = new Set(['fail', 'declined', 'refused', 'withdrawn', 'never-charged', 'fenced']);
const noAnswer =
  'a step that answers yes, no or nothing: a lost answer has no place in it, is taken for a ' +
  'refusal, and money that was taken is given back; answer an Outcome';
const thrown =
  'an exception as an answer: Temporal repeats it, or the operation ends with its money held; ' +
  'answer a value, and pass on only what was caught';
const takenForNo =
  'an error taken for a refusal: the provider may have acted, the hold is released, and the ' +
  'customer paid for nothing; an error is unknown';

/** What came of a step outside is a value, with room for not knowing. */
export const outcomes: Rule = {
  name: 'outcomes',
  covers: (path) => covered.test(path),
  check: (files) => files.flatMap((file) => [...checkAnswers(file), ...checkCaught(file)]),
  good: [
    example(
      'src/activities/outside.ts',
      'export interface ProviderSteps { payOut(request: Request): Promise<Paid | Unknown>; }',
      'export interface Clock { isLate(): boolean }',
    ),
    example(place, "throw failure('StepFault');"),
    example(
      'src/workflows/provider-step.ts',
      'export async function settled(call: Promise<Answer>) {',
      '  try {',
      '    return await call;',
      '  } catch (error) {',
      '    if (!isStepFailure(error)) throw error;',
      "    return { kind: 'unknown', reason: 'no-answer' };",
      '  }',
      '}',
    ),
  ],
  bad: [
    ...[
      'export interface ProviderSteps { payOut(request: Request): Promise<boolean>; }',
      'export interface TipSteps { payTip: (request: Request) => Promise<void>; }',
      'type Perform = (request: Request) => Promise<Captured | undefined>;',
    ].map((line) => ({
      files: [example('src/activities/outside.ts', line)],
      message: noAnswer,
    })),
    ...[
      "throw new Error('declined');",
      'throw declined(answer);',
      "export const no = () => Promise.reject(new Error('declined'));",
    ].map((line) => ({ files: [example('src/workflows/payment.ts', line)], message: thrown })),
    ...[
      "try { await perform(); } catch (error) { refuse({ kind: 'declined', error }); }",
      "export const answer = call.catch(() => ({ kind: 'fail', code: 'declined' }));",
    ].map((line) => ({ files: [example('src/workflows/payment.ts', line)], message: takenForNo })),
  ],
};

function checkAnswers(file: SourceFile) {
  const inSteps = file.path.startsWith('src/activities/');
  const throws = file.path.startsWith('src/providers/') || file.path === place;
  const names: string[] = [];
  return faultsOf(file, (report) => {
    const check = (returned: TSTypeAnnotation | null | undefined) => {
      const isStep = names.length === 0 ? inSteps : /(Steps|Provider)$/.test(names.at(-1) ?? '');
      if (isStep && returned && hasNoAnswer(returned.typeAnnotation)) report(returned, noAnswer);
    };
    return {
      TSInterfaceDeclaration: ({ id }) => void names.push(id.name),
      'TSInterfaceDeclaration:exit': () => void names.pop(),
      TSMethodSignature: ({ returnType }) => check(returnType),
      TSFunctionType: ({ returnType }) => check(returnType),
      ThrowStatement(node) {
        if (!throws && node.argument.type !== 'Identifier') report(node, thrown);
      },
      MemberExpression(node) {
        const { object, property } = node;
        const isPromise = object.type === 'Identifier' && object.name === 'Promise';
        const rejects = property.type === 'Identifier' && property.name === 'reject';
        if (!throws && isPromise && rejects) report(node, thrown);
      },
    };
  });
}

/** A promise of yes, no or nothing, if only among others. */
function hasNoAnswer(type: TSType): boolean {
  if (type.type !== 'TSTypeReference' || type.typeName.type !== 'Identifier') return false;
  if (type.typeName.name !== 'Promise') return false;
  const [promised] = type.typeArguments?.params ?? [];
  const types = promised?.type === 'TSUnionType' ? promised.types : promised ? [promised] : [];
  return types.some((one) => noAnswers.has(one.type));
}

function checkCaught(file: SourceFile) {
  const within: { readonly from: number; readonly to: number }[] = [];
  const enter = (node: CatchClause) => void within.push({ from: node.start, to: node.end });
  const caught = (node: CallExpression) => {
    const { callee } = node;
    const isCatch =
      callee.type === 'MemberExpression' &&
      callee.property.type === 'Identifier' &&
      callee.property.name === 'catch';
    if (isCatch) within.push({ from: callee.end, to: node.end });
  };
  return faultsOf(file, (report) => ({
    CatchClause: enter,
    CallExpression: caught,
    Property(node) {
      const { key, value } = node;
      if (key.type !== 'Identifier' || key.name !== 'kind' || value.type !== 'Literal') return;
      if (!refusals.has(String(value.value))) return;
      if (within.some(({ from, to }) => from <= node.start && node.end <= to)) {
        report(node, takenForNo);
      }
    },
  }));
}
