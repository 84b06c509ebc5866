import { example, type Fault, type Rule, type SourceFile } from './rule.js';
import { faultsOf, isCode } from './syntax.js';

const fileLinesMax = 300;
const functionLinesMax = 70;
const columnsMax = 100;

const tooLong = (lines: number) => `${lines} lines; a file has at most ${fileLinesMax}`;
const tooWide = (columns: number) => `${columns} columns; a line has at most ${columnsMax}`;

/** A file fits a reader's head, a line fits the screen. */
export const fileSize: Rule = {
  name: 'file-size',
  covers: (path) => isCode(path) || /^src\/.*\.sql$/.test(path),
  check: (files) =>
    files.flatMap(({ path, text }) => {
      const lines = text.replace(/\n$/, '').split('\n');
      const { length } = lines;
      return [
        ...(length > fileLinesMax ? [{ path, line: fileLinesMax, message: tooLong(length) }] : []),
        ...lines.flatMap((line, at): readonly Fault[] => {
          const columns = Array.from(line).length;
          return columns > columnsMax ? [{ path, line: at + 1, message: tooWide(columns) }] : [];
        }),
      ];
    }),
  good: [
    example('src/domain/money.ts', ...Array<string>(fileLinesMax).fill('/'.repeat(columnsMax))),
  ],
  bad: [
    {
      files: [example('src/domain/money.ts', ...Array<string>(fileLinesMax + 1).fill('//'))],
      message: tooLong(fileLinesMax + 1),
    },
    {
      files: [example('src/domain/money.ts', '/'.repeat(columnsMax + 1))],
      message: tooWide(columnsMax + 1),
    },
  ],
};

const tooMuch = (lines: number) => `${lines} lines; a function has at most ${functionLinesMax}`;
const steps = (count: number) => Array<string>(count).fill('  step();');

/** A function is read in one go. The functions of test files are containers of tests. */
export const functionSize: Rule = {
  name: 'function-size',
  covers: (path) => isCode(path) && !path.endsWith('.test.ts'),
  check: (files) =>
    files.flatMap((file) =>
      faultsOf(file, (report) => {
        const check = (node: { start: number; end: number }) => {
          const lines = linesOf(file, node);
          if (lines > functionLinesMax) report(node, tooMuch(lines));
        };
        return {
          FunctionDeclaration: check,
          FunctionExpression: check,
          ArrowFunctionExpression: check,
        };
      }),
    ),
  good: [
    example('src/main/dev.ts', 'export function dev() {', ...steps(functionLinesMax - 2), '}'),
  ],
  bad: [
    {
      files: [
        example('src/main/dev.ts', 'export function dev() {', ...steps(functionLinesMax - 1), '}'),
      ],
      message: tooMuch(functionLinesMax + 1),
    },
    {
      files: [
        example('src/main/dev.ts', 'export const dev = () => {', ...steps(functionLinesMax), '};'),
      ],
      message: tooMuch(functionLinesMax + 2),
    },
  ],
};

function linesOf(file: SourceFile, node: { start: number; end: number }): number {
  return file.text.slice(node.start, node.end).split('\n').length;
}
