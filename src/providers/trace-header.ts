import { randomBytes } from 'node:crypto';

/** W3C trace context: the provider's span is a child of ours, in the operation's trace. */
export function traced(trace: string | undefined): Record<string, string> {
  if (trace === undefined || !/^(?!0+$)[0-9a-f]{32}$/.test(trace)) return {};
  return { traceparent: `00-${trace}-${randomBytes(8).toString('hex')}-01` };
}
