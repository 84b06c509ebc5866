const time = String.raw`(?:[01]\d|2[0-3]):[0-5]\d`;
const form = new RegExp(
  String.raw`^(\d{4})-(\d\d)-(\d\d)T${time}:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-]${time})$`,
);
const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Epoch milliseconds of an RFC 3339 date and time; undefined for a text that is none. */
export function momentMsOf(text: string): number | undefined {
  const [year = 0, month = 0, day = 0] = (form.exec(text)?.slice(1, 4) ?? []).map(Number);
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = (daysOfMonth[month - 1] ?? 0) + (month === 2 && isLeap ? 1 : 0);
  // JavaScript takes 30 February for 2 March.
  return day >= 1 && day <= days ? Date.parse(text) : undefined;
}
