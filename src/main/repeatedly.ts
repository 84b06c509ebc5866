/** Does it at once and then all the time, until the answer is called. */
export function repeatedly(everyMs: number, look: () => void): () => void {
  look();
  const timer = setInterval(look, everyMs);
  return () => clearInterval(timer);
}
