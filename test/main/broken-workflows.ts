/** A workflow with a bug: what it throws is no answer, and so its task fails, again and again. */
export async function broken(): Promise<void> {
  throw new Error('a bug');
}
