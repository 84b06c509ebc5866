import { example, type Fault, type Rule } from './rule.js';
import { lineAt } from './syntax.js';

const folder = /(?:\/(?:home|Users)\/[a-z][\w.-]*|\/root)\/|\b[A-Z]:\\Users\\/g;
const message = 'a folder of one machine: make it relative, or take it as an argument';

/** Nothing names a folder of one person's machine. */
export const homePaths: Rule = {
  name: 'home-paths',
  covers: () => true,
  check: (files) =>
    files.flatMap((file) =>
      Array.from(
        file.text.matchAll(folder),
        ({ index }): Fault => ({ path: file.path, line: lineAt(file, index), message }),
      ),
    ),
  good: [example('README.md', 'Caches are in ~/.cache/holdfast.')],
  // Written in pieces, because this file is covered too.
  bad: ['home', 'Users'].map((top) => ({
    files: [example('README.md', ['Caches are in ', top, 'ada', '.cache.'].join('/'))],
    message,
  })),
};
