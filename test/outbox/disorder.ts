import type { CloudEvent } from '../../src/outbox/index.js';

/** Events that came when another of their operation should have. */
export function disorder(taken: readonly CloudEvent[]): readonly string[] {
  const next = new Map<string, number>();
  return taken.flatMap(({ id, subject }) => {
    const wanted = (next.get(subject) ?? 0) + 1;
    next.set(subject, wanted);
    return id === `${subject}.${wanted}` ? [] : [id];
  });
}
