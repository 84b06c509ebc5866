/** A page of a list that was read one row too far; `next` is the number of its last row. */
export function pageOf<Row extends { readonly number: number }>(
  found: readonly Row[],
  limit: number,
): { readonly page: readonly Row[]; readonly next?: number } {
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return found.length > limit && last !== undefined ? { page, next: last.number } : { page };
}
