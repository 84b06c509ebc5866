/**
 * @module conventions: rules that matter, as pure functions from files to findings.
 * lives here: a file per rule with its bad examples, the import table, reading the repository
 * may touch: nothing of the other rooms; it reads their text
 * never: an exemption for one file, a rule without a bad example
 * proved in: test/conventions
 */
import { shieldedSteps, swallowedErrors } from './compensation.js';
import { envExample } from './env-example.js';
import { everyOperationConforms, everyOperationReplays } from './every-operation-conforms.js';
import { finalResults } from './final-results.js';
import { homePaths } from './home-paths.js';
import { importTable } from './imports.js';
import { installedSql, migrationNote } from './migrations.js';
import { moduleNote } from './module-note.js';
import { moneyArithmetic } from './money-arithmetic.js';
import { erasable, fileNames, namedExports } from './names.js';
import { oneStatement } from './one-statement.js';
import { operationHooks } from './operation-hooks.js';
import { operationEnds } from './operation-ends.js';
import { outcomes } from './outcomes.js';
import { ownTables } from './own-tables.js';
import { providerCalls, stepLookUps } from './provider-calls.js';
import type { Rule } from './rule.js';
import { clocksAndDice, environment, faultMaker, versionGates } from './single-places.js';
import { fileSize, functionSize } from './sizes.js';
import { commandKeys, stepKeys } from './step-keys.js';
import { testNames, testsRun } from './tests.js';
import { workflowExports, workflowState } from './workflows.js';

export { readSources } from './read-sources.js';
export { findings } from './rule.js';

/** Those that know money: each says what it would have cost. CONTRIBUTING lists them. */
export const moneyRules: readonly Rule[] = [
  moneyArithmetic,
  providerCalls,
  stepLookUps,
  stepKeys,
  commandKeys,
  outcomes,
  shieldedSteps,
  swallowedErrors,
  operationHooks,
  finalResults,
  everyOperationConforms,
  everyOperationReplays,
];

/** Every convention that is checked. */
export const rules: readonly Rule[] = [
  importTable,
  oneStatement,
  ownTables,
  environment,
  envExample,
  workflowExports,
  workflowState,
  clocksAndDice,
  versionGates,
  faultMaker,
  operationEnds,
  installedSql,
  migrationNote,
  fileSize,
  functionSize,
  fileNames,
  namedExports,
  erasable,
  moduleNote,
  testsRun,
  testNames,
  homePaths,
  ...moneyRules,
];
