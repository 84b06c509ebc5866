import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';
import { type Befallen, violationsOf } from './cells.js';

/** What all sweeps of a run came to, said as they end. */
export class Verdict implements Reporter {
  operations = 0;
  readonly faults: { name: string; rounds: number; operations: number }[] = [];
  readonly befallen: Befallen[] = [];
  /** Told what befell an operation as soon as it is known. */
  onBefallen: (befallen: Befallen) => void = () => undefined;
  readonly violations: string[] = [];
  readonly #onProgress: (line: string) => void;

  constructor(onProgress: (line: string) => void) {
    this.#onProgress = onProgress;
  }

  onTestCaseResult(test: TestCase): void {
    const { swept, befallen } = test.meta();
    if (swept !== undefined) {
      const { fault: name, rounds, operations, violations, note } = swept;
      this.operations += operations;
      this.faults.push({ name, rounds, operations });
      this.violations.push(...violations.map((violation) => `${name}: ${violation}`));
      const seen = note === undefined ? '' : `; ${note}`;
      this.#onProgress(`  ${name}: ${rounds} rounds, ${operations} operations${seen}`);
    }
    if (befallen !== undefined) {
      const { operation: name, cells } = befallen;
      this.operations += cells.length;
      this.faults.push({ name, rounds: cells.length, operations: cells.length });
      this.befallen.push(befallen);
      this.onBefallen(befallen);
      this.#onProgress(`  ${name}: ${cells.length} cells`);
      const violations = violationsOf(befallen);
      for (const violation of violations) this.violated(violation);
      // They are why the test failed, and say more.
      if (violations.length > 0) return;
    }
    const { errors = [] } = test.result();
    for (const { message } of errors) this.violated(`${test.name}: ${message}`);
  }

  /** What broke outside of a test: servers that do not start, an error that nobody heard. */
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const broken = [...modules.flatMap((module) => module.errors()), ...unhandled];
    for (const { message } of broken) this.violated(message);
  }

  violated(what: string): void {
    this.violations.push(what);
    this.#onProgress(`  VIOLATED: ${what}`);
  }
}
