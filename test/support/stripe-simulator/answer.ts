/** An answer as Stripe gives it. `stored` is false for what was refused before it began. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly stored?: false;
}

/** Refused for its parameters: no result is kept under the key. */
export function invalid(code: string, param?: string): Answer {
  return { ...refused(code, { param }), stored: false };
}

/** Refused for the state of things: the result is kept under the key. */
export function refused(code: string, more: object = {}): Answer {
  const status = code === 'resource_missing' ? 404 : 400;
  return errorAnswer(status, 'invalid_request_error', code, more);
}

/** An error in Stripe's form. */
export function errorAnswer(status: number, type: string, code?: string, more: object = {}) {
  return { status, body: { error: { type, code, message: `${type} ${code ?? ''}`, ...more } } };
}
