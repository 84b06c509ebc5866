import type { Reporter, SerializedError, TestModule, TestRunEndReason } from 'vitest/node';

/** Ends a run with `N passed, N failed`; whatever went wrong outside of a test counts as failed. */
export class Tally implements Reporter {
  onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const broken = modules.filter((module) => module.errors().length > 0).length;
    const failed = count('failed') + broken + unhandled.length;
    const skipped = count('skipped') + count('pending');
    const counts = [
      `${count('passed')} passed`,
      `${reason === 'passed' ? failed : Math.max(failed, 1)} failed`,
      ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ];
    // At the very end: the servers are stopped after this, and may have a word to say.
    process.once('exit', () => process.stdout.write(`${counts.join(', ')}\n`));
  }
}
