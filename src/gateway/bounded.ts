import { unavailable } from './problems.js';

/** The value, or undefined when it has not come within `timeoutMs`. */
export async function within<Value>(
  timeoutMs: number,
  value: Promise<Value>,
): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  return Promise.race([value, late]).finally(() => clearTimeout(timer));
}

/** The value; throws the problem `unavailable` when it has not come within `timeoutMs`. */
export async function bounded<Value>(timeoutMs: number, value: Promise<Value>): Promise<Value> {
  const got = await within(
    timeoutMs,
    value.then((it) => ({ it })),
  );
  if (got === undefined) throw unavailable();
  return got.it;
}
