/** A file of the repository: its path from the top, with forward slashes, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Where a rule is broken; `line` counts from 1. */
export interface Finding {
  readonly rule: string;
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** What a rule says before its name is put to it. */
export type Fault = Omit<Finding, 'rule'>;

/** Files that break a rule, and what it then says. */
export interface BadExample {
  readonly files: readonly SourceFile[];
  readonly message: string;
}

/**
 * One convention: a pure function from files to faults, with examples that show it red and green.
 * There are no exemptions: a rule that does not fit a file does not cover it.
 */
export interface Rule {
  readonly name: string;
  /** Set where files are held against each other: one alone says nothing. */
  readonly house?: true;
  covers(path: string): boolean;
  check(files: readonly SourceFile[]): readonly Fault[];
  readonly bad: readonly BadExample[];
  readonly good: readonly SourceFile[];
}

/** What a rule finds in the files that it covers. */
export function findings(rule: Rule, files: readonly SourceFile[]): readonly Finding[] {
  return rule
    .check(files.filter((file) => rule.covers(file.path)))
    .map((fault) => ({ rule: rule.name, ...fault }));
}

/** A file of an example. */
export function example(path: string, ...lines: readonly string[]): SourceFile {
  return { path, text: `${lines.join('\n')}\n` };
}
