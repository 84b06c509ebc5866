import type { Insertion } from './insertions.js';

/** What was made of an operation, so that all of it can be taken away again. */
export interface Made {
  readonly domain: string;
  readonly eventType: string;
  readonly name: string;
  /** Files of its own; histories too. */
  readonly files: readonly string[];
  readonly insertions: readonly Insertion[];
  /** The tag of its migration. */
  readonly migration: string;
}

/** Where it is written down what was made. */
export function madeFile(name: string): string {
  return `src/generator/made/${name}.json`;
}

/** A list without the lines; undefined when somebody has changed them. */
export function withdrawn(list: string, { text }: Insertion): string | undefined {
  const [before, after, ...more] = list.split(text);
  return after === undefined || more.length > 0 ? undefined : `${before}${after}`;
}
