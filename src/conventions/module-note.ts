import { example, type Fault, type Rule } from './rule.js';

const openings = ['lives here: ', 'may touch: ', 'never: ', 'proved in: '];
const message = (room: string) =>
  `opens with a note of five lines: @module ${room}: ... · ${openings.join('... · ')}...`;

/** The front door of a room says what lives there. */
export const moduleNote: Rule = {
  name: 'module-note',
  covers: (path) => /^src\/[^/]+\/index\.ts$/.test(path),
  check: (files) =>
    files.flatMap(({ path, text }): readonly Fault[] => {
      const [, room = ''] = path.split('/');
      const [first, ...lines] = text.split('\n');
      const wanted = [`@module ${room}: `, ...openings].map((opening) => ` * ${opening}`);
      const isNote =
        first === '/**' &&
        wanted.every((opening, at) => lines[at]?.startsWith(opening)) &&
        lines[wanted.length] === ' */';
      return isNote ? [] : [{ path, line: 1, message: message(room) }];
    }),
  good: [
    example(
      'src/outbox/index.ts',
      '/**',
      ' * @module outbox: events that leave with the money that moved.',
      ' * lives here: append, the relay',
      ' * may touch: domain, database; its own table',
      ' * never: a broker inside a statement',
      ' * proved in: test/outbox',
      ' */',
    ),
  ],
  bad: [
    {
      files: [example('src/outbox/index.ts', "export { relay } from './relay.js';")],
      message: message('outbox'),
    },
    {
      files: [example('src/outbox/index.ts', '/**', ' * @module outbox: events.', ' */')],
      message: message('outbox'),
    },
  ],
};
