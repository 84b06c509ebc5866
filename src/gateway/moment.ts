const form =
  /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/**
 * A moment as RFC 3339 writes it, in UTC and cut to microseconds; undefined for a text that is not
 * one: no such day, a leap second, a year outside of 1 to 9999.
 */
export function momentOf(text: string): string | undefined {
  const [, date, time, fraction = '', offset] = form.exec(text) ?? [];
  if (date === undefined || offset === undefined) return undefined;
  const local = new Date(`${date}T${time}Z`);
  // JavaScript takes 30 February for 2 March, and 24:00 for the next day.
  if (Number.isNaN(local.getTime()) || seconds(local) !== `${date}T${time}`) return undefined;
  const utc = seconds(new Date(`${date}T${time}${offset.toUpperCase()}`));
  if (!/^\d{4}-/.test(utc) || utc.startsWith('0000')) return undefined;
  const micros = fraction.slice(0, 7).replace(/\.?0*$/, '');
  return `${utc}${micros}Z`;
}

function seconds(moment: Date): string {
  return moment.toISOString().replace(/\.\d{3}Z$/, '');
}
