/** How many lines of `kept`, but for empty ones, are those of `made`, in their order. */
export function sharedLines(made: string, kept: string): { equal: number; of: number } {
  const [mine, theirs] = [linesOf(made), linesOf(kept)];
  // The longest common subsequence, a row at a time.
  let row = Array.from({ length: theirs.length + 1 }, () => 0);
  for (const line of mine) {
    const next = [0];
    for (const [index, other] of theirs.entries()) {
      const best = Math.max(row[index + 1] ?? 0, next[index] ?? 0);
      next.push(line === other ? (row[index] ?? 0) + 1 : best);
    }
    row = next;
  }
  return { equal: row.at(-1) ?? 0, of: theirs.length };
}

function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
