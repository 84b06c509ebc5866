/** What a verb answered, in a word: how it ended, or why it did not. */
export function wordOf(answer: object): string {
  const { kind, code, reason } = answer as Readonly<Record<'kind' | 'code' | 'reason', string>>;
  return kind === 'fail' ? code : kind === 'conflict' ? reason : kind;
}
