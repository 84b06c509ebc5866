/**
 * What no message will ever reach: no number, none in service, not a mobile one, or one whose owner
 * said STOP. Source: twilio.com/docs/api/errors.
 */
const addressCodes: readonly number[] = [
  ...[21_211, 21_214, 21_217, 21_610, 21_614],
  ...[30_004, 30_005, 30_006],
];

/** Whether Twilio's code says that the number itself is the reason. */
export function isAboutAddress(code: number | undefined): boolean {
  return code !== undefined && addressCodes.includes(code);
}

/** A code of Twilio, which is a number of five digits; undefined for anything else. */
export function codeOf(given: unknown): number | undefined {
  const code = typeof given === 'string' ? Number(given) : given;
  return Number.isInteger(code) && (code as number) >= 10_000 && (code as number) <= 99_999
    ? (code as number)
    : undefined;
}
