/**
 * @module conventions: rules that matter, as pure functions from files to findings.
 * lives here: a file per rule with its bad examples, the import table, reading the repository
 * may touch: nothing of the other rooms; it reads their text
 * never: an exemption for one file, a rule without a bad example
 * proved in: test/conventions
 */
import { envExample } from './env-example.js';
import { everyOperationConforms } from './every-operation-conforms.js';
import { homePaths } from './home-paths.js';
import { importTable } from './imports.js';
import { installedSql, migrationNote } from './migrations.js';
import { moduleNote } from './module-note.js';
import { erasable, fileNames, namedExports } from './names.js';
import { oneStatement } from './one-statement.js';
import { operationEnds } from './operation-ends.js';
import { ownTables } from './own-tables.js';
import type { Rule } from './rule.js';
import { clocksAndDice, environment, faultMaker, versionGates } from './single-places.js';
import { fileSize, functionSize } from './sizes.js';
import { testNames, testsRun } from './tests.js';
import { workflowExports, workflowState } from './workflows.js';

export { readSources } from './read-sources.js';
export { findings } from './rule.js';

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
  everyOperationConforms,
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
];
