/** For the `default` of a switch over a closed union: compiles only when every kind is handled. */
export function unreachable(value: never): never {
  throw new RangeError(`unhandled case ${JSON.stringify(value)}`);
}
