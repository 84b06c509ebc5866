import type { z } from 'zod';

/** One environment variable: what it is for, what it may hold, what it is when nobody sets it. */
export interface Variable {
  /** Opens a new section of the example file. */
  readonly section?: string;
  readonly doc: string;
  readonly value: z.ZodType<unknown, string>;
  /** Taken when the variable is not set. Never for a secret. */
  readonly fallback?: string;
  /** Shown where there is no fallback; cannot be used as it is when the variable is a secret. */
  readonly example?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

type Value<Of extends Variable> = z.output<Of['value']>;

/** Reads variables one by one and remembers every mistake. */
export interface Reader<Known extends Record<string, Variable>> {
  /** The value, or the fallback; a variable with neither is a mistake. */
  value<Name extends keyof Known & string>(name: Name): Value<Known[Name]>;
  /** The value, or undefined when it is not set; no fallback. */
  optional<Name extends keyof Known & string>(name: Name): Value<Known[Name]> | undefined;
  mistake(name: string, what: string): void;
}

/** The environment cannot be used; `message` has one line for each mistake, and no value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    const count = mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`;
    super([`The environment has ${count}:`, ...mistakes.map((line) => `  ${line}`)].join('\n'));
    this.mistakes = mistakes;
  }
}

/** What `build` read, frozen; throws ConfigError with all mistakes together. */
export function readConfig<Known extends Record<string, Variable>, Config extends object>(
  variables: Known,
  environment: Environment,
  build: (read: Reader<Known>) => Config,
): Readonly<Config> {
  const mistakes = new Set<string>();

  function mistake(name: string, what: string): void {
    const variable = variables[name];
    const show = variable?.fallback ?? variable?.example;
    mistakes.add(`${name} ${what}${show ? `; write for example ${name}=${show}` : ''}`);
  }

  function parse(name: string, given: string | undefined): unknown {
    // An empty value is a line that somebody left open, as in a copy of the example file.
    if (given === undefined || given === '') return undefined;
    const parsed = variables[name]?.value.safeParse(given);
    if (parsed?.success) return parsed.data;
    return mistake(name, parsed?.error.issues[0]?.message ?? 'is not known');
  }

  const config = build({
    mistake,
    // A mistake gives undefined where a value is promised: nobody sees it, because we throw below.
    optional: (name) => parse(name, environment[name]) as never,
    value: (name) => {
      const given = environment[name] || variables[name]?.fallback;
      if (given === undefined) mistake(name, 'is missing');
      return parse(name, given) as never;
    },
  });
  if (mistakes.size > 0) throw new ConfigError([...mistakes]);
  return freeze(config);
}

/** The text of `.env.example`: every variable, as a comment: a plain copy changes nothing. */
export function exampleFile(variables: Record<string, Variable>): string {
  const entries = Object.entries(variables).flatMap(([name, variable]) => [
    ...(variable.section === undefined ? [] : [`# --- ${variable.section} ---`, '']),
    ...variable.doc.split('\n').map((line) => `# ${line}`),
    ...(variable.value.description === undefined ? [] : [`# ${variable.value.description}.`]),
    `#${name}=${variable.fallback ?? variable.example ?? ''}`,
    '',
  ]);
  return ['# Copy to .env and take the # off the lines that you set.', '', ...entries].join('\n');
}

function freeze<Part>(part: Part): Part {
  // Bytes cannot be frozen.
  if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part)) return part;
  for (const inner of Object.values(part)) freeze(inner);
  return Object.freeze(part);
}
