/** What a form-encoded body holds: `a[b][]=c` is `{ a: { b: ['c'] } }`. */
export type Form = { [name: string]: string | Form | string[] };

/** Reads a body or a query as Stripe does. */
export function parseForm(text: string): Form {
  const form: Form = {};
  for (const [key, value] of new URLSearchParams(text)) {
    const names = [...key.matchAll(/[^[\]]+|\[\]/g)].map(([name]) => name);
    put(form, names, value);
  }
  return form;
}

/** A text of the form; undefined where there is none. */
export function textIn(form: Form, name: string): string | undefined {
  const value = form[name];
  return typeof value === 'string' ? value : undefined;
}

/** A whole number of the form; undefined where there is none. */
export function wholeIn(form: Form, name: string): number | undefined {
  const text = textIn(form, name);
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The texts below a name, `metadata[shop]=north`. */
export function textsIn(form: Form, name: string): Record<string, string> {
  const value = form[name];
  if (typeof value !== 'object' || Array.isArray(value)) return {};
  const texts = Object.entries(value).filter(([, text]) => typeof text === 'string');
  return Object.fromEntries(texts) as Record<string, string>;
}

function put(form: Form, [name = '', ...rest]: string[], value: string): void {
  if (rest.length === 0) {
    form[name] = value;
  } else if (rest[0] === '[]' || /^\d+$/.test(rest[0] ?? '')) {
    const list = form[name];
    form[name] = Array.isArray(list) ? [...list, value] : [value];
  } else {
    const inner = form[name];
    const next = typeof inner === 'object' && !Array.isArray(inner) ? inner : {};
    form[name] = next;
    put(next, rest, value);
  }
}
