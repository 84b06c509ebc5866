import { stripVTControlCharacters } from 'node:util';

/** Rows under a heading, columns as wide as their widest cell; those named are set to the right. */
export function textTable(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  toTheRight: readonly string[] = [],
): string {
  const all = [heading, ...rows];
  const widths = heading.map((_, column) =>
    Math.max(...all.map((row) => shownWidth(row[column] ?? ''))),
  );
  return all
    .map((row) =>
      heading
        .map((name, column) => {
          const cell = row[column] ?? '';
          const room = ' '.repeat((widths[column] ?? 0) - shownWidth(cell));
          return toTheRight.includes(name) ? room + cell : cell + room;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function shownWidth(cell: string): number {
  return stripVTControlCharacters(cell).length;
}
