/** Callers that wait for one thing each, first come first served, none longer than it says. */
export interface WaitingLine<T> {
  /** Resolves when served; throws after `timeoutMs` what `late` makes, or what `refuse` says. */
  wait(timeoutMs: number): Promise<T>;
  /** Gives the thing to whoever waits longest; made only when somebody does. */
  serve(make: () => T): boolean;
  refuse(error: Error): void;
  length(): number;
}

interface Waiter<T> {
  readonly take: (thing: T) => void;
  readonly refuse: (error: Error) => void;
}

export function createWaitingLine<T>(late: (timeoutMs: number) => Error): WaitingLine<T> {
  const line = new Set<Waiter<T>>();

  function wait(timeoutMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter<T> = { take: leaving(resolve), refuse: leaving(reject) };
      const timer = setTimeout(() => waiter.refuse(late(timeoutMs)), timeoutMs);
      line.add(waiter);

      function leaving<V>(done: (value: V) => void) {
        return (value: V): void => {
          clearTimeout(timer);
          line.delete(waiter);
          done(value);
        };
      }
    });
  }

  return {
    wait,
    serve(make) {
      const [first] = line;
      first?.take(make());
      return first !== undefined;
    },
    refuse(error) {
      for (const waiter of line) waiter.refuse(error);
    },
    length: () => line.size,
  };
}
