import type { TestDatabase } from '../support/database.js';
import type { Mutant, SqlChange } from './mutants.js';
import { buildProduct, replacedOnce } from './product.js';
import { simulate, type Wrong } from './simulate.js';

/** The first that was seen of a mutant; undefined when it was not found. */
export async function found(
  mutant: Mutant,
  databases: readonly TestDatabase[],
  count: number,
): Promise<Wrong | undefined> {
  if ('sql' in mutant) await Promise.all(databases.map(({ owner }) => plant(owner, mutant)));
  const product = await buildProduct('file' in mutant ? mutant : undefined);
  const { wrong } = await simulate({ product, databases, from: 1, count, untilWrong: true });
  return wrong[0];
}

/** Puts the changed function in place of the one that the migrations made. */
async function plant(owner: TestDatabase['owner'], { sql, from, to }: SqlChange): Promise<void> {
  const [row] = await owner<{ text: string }[]>`
    select pg_get_functiondef(${sql}::regproc) as text`;
  await owner.unsafe(replacedOnce(row?.text ?? '', from, to));
}
