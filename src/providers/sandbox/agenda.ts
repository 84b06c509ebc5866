/** Something that happens by itself at a moment of the sandbox's clock. */
export interface Due<Happening> {
  readonly at: number;
  /** What it is by then; undefined when it came otherwise. */
  readonly happened: () => Happening | undefined;
}

/** What the future holds, told when it is there. */
export interface Agenda<Happening> {
  add(dues: readonly Due<Happening>[]): void;
  /** Tells what is due by now, the oldest first: for a clock that was moved. */
  readonly check: () => void;
  readonly stop: () => void;
}

const timerMsMax = 2 ** 31 - 1;

/** An empty agenda; its timer keeps no process alive. */
export function createAgenda<Happening>(
  now: () => number,
  onDue: (happening: Happening) => void,
): Agenda<Happening> {
  let waiting: Due<Happening>[] = [];
  let nextAt = Infinity;
  let timer: NodeJS.Timeout | undefined;

  function wind(): void {
    clearTimeout(timer);
    if (nextAt === Infinity) return;
    timer = setTimeout(check, Math.min(Math.max(nextAt - now(), 1), timerMsMax)).unref();
  }

  function check(): void {
    const moment = now();
    const due = waiting.filter(({ at }) => at <= moment).sort((a, b) => a.at - b.at);
    waiting = waiting.filter(({ at }) => at > moment);
    nextAt = waiting.reduce((least, { at }) => Math.min(least, at), Infinity);
    wind();
    for (const { happened } of due) {
      const happening = happened();
      if (happening !== undefined) onDue(happening);
    }
  }

  return {
    add(dues) {
      waiting.push(...dues);
      const least = dues.reduce((sooner, { at }) => Math.min(sooner, at), nextAt);
      if (least === nextAt) return;
      nextAt = least;
      wind();
    },
    check,
    stop: () => clearTimeout(timer),
  };
}
