/** What a new operation is called, in every form that the code has for it. */
export interface Names {
  readonly domain: string;
  readonly eventType: string;
  /** `Gift`, or `FileUploadCancelled` for the second event type of a domain. */
  readonly pascal: string;
  readonly plural: string;
}

/** A step at a service, and the step there that gives it back. */
export interface Step {
  readonly name: string;
  readonly back?: string;
  readonly service: string;
}

/** What is to be made. */
export interface Wanted {
  readonly names: Names;
  readonly steps: readonly Step[];
  readonly http: boolean;
}

/** An operation that is there already. */
export interface Known {
  readonly name: string;
  readonly domain: string;
  readonly eventType: string;
}

const pascalForm = /^([A-Z][a-z0-9]+)+$/;
const camelForm = /^[a-z][a-z0-9]*([A-Z][a-z0-9]+)*$/;
const lengthMax = 30;
const reserved = new Set(
  (
    'Await Break Case Catch Class Const Continue Debugger Default Delete Do Else Enum Export ' +
    'Extends False Finally For Function If Import In Instanceof Interface Let New Null Package ' +
    'Private Protected Public Return Static Super Switch This Throw True Try Typeof Var Void ' +
    'While With Yield Arguments Eval'
  ).split(' '),
);

/** The names of a new operation, or why it cannot be called so. */
export function namesOf(
  domain: string,
  eventType: string,
  known: readonly Known[],
): Names | { readonly problem: string } {
  for (const given of [domain, eventType]) {
    const problem = problemOf(given);
    if (problem !== undefined) return { problem };
  }
  if (known.some((one) => one.domain === domain && one.eventType === eventType)) {
    return { problem: `${domain} ${eventType} is there already` };
  }
  if (known.some((one) => one.eventType === eventType)) {
    return { problem: `${eventType} is the event type of another domain` };
  }
  const isSecond = known.some((one) => one.domain === domain);
  const pascal = isSecond ? eventType : domain;
  if (known.some(({ name }) => name === lowered(pascal))) {
    return { problem: `${lowered(pascal)} is another operation` };
  }
  return { domain, eventType, pascal, plural: isSecond ? pascal : pluralOf(pascal) };
}

function problemOf(given: string): string | undefined {
  if (!pascalForm.test(given)) {
    return `${JSON.stringify(given)} is not written like Gift or GiftPurchased`;
  }
  if (given.length > lengthMax) return `${given} is longer than ${lengthMax} letters`;
  return reserved.has(given) ? `${given} is a word of the language` : undefined;
}

/**
 * Reads `reserveStock/releaseStock:warehouse,ship:carrier`: steps at services, each with the step
 * that gives it back, if there is one, and the service, if it is not the `outside` one.
 */
export function stepsOf(
  text: string,
  outside: string | undefined,
): readonly Step[] | { readonly problem: string } {
  const steps: Step[] = [];
  for (const part of text.split(',').filter(Boolean)) {
    const [names = '', service = outside ?? ''] = part.split(':');
    const [name = '', back] = names.split('/');
    for (const given of [name, service, ...(back === undefined ? [] : [back])]) {
      if (given === '') return { problem: `${part}: which service does it? --outside, or :NAME` };
      if (!camelForm.test(given) || given.length > lengthMax || reserved.has(raised(given))) {
        return { problem: `${JSON.stringify(given)} is not written like ship or reserveStock` };
      }
    }
    steps.push({ name, service, ...(back !== undefined && { back }) });
  }
  const all = steps.flatMap(({ name, back }) => (back === undefined ? [name] : [name, back]));
  const twice = all.find((name, index) => all.indexOf(name) !== index);
  return twice === undefined ? steps : { problem: `${twice} is named twice` };
}

/** `fileUpload` of `FileUpload`. */
export function lowered(pascal: string): string {
  return `${pascal.charAt(0).toLowerCase()}${pascal.slice(1)}`;
}

/** `FileUpload` of `fileUpload`. */
export function raised(camel: string): string {
  return `${camel.charAt(0).toUpperCase()}${camel.slice(1)}`;
}

/** `file-upload` of either. */
export function joinedBy(between: string, name: string): string {
  return lowered(name).replaceAll(/[A-Z]/g, (letter) => `${between}${letter.toLowerCase()}`);
}

function pluralOf(word: string): string {
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  return /(s|x|z|ch|sh)$/.test(word) ? `${word}es` : `${word}s`;
}
