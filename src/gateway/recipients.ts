import {
  type Channel,
  channels,
  type Fault,
  hmacSha256Hex,
  type Parsed,
  parseRecipient,
  type Recipient,
  recipientIdForm,
  sealedFor,
} from '../domain/index.js';
import type { KeyRing } from '../client/index.js';
import type { KeptAddress, RecipientRow } from '../ledger/recipient.js';
import {
  parseDeviceToken,
  parseEmailAddress,
  parsePhoneNumber,
  parseWebhookUrl,
} from '../notices/index.js';
import type { App, GatewayDeps } from './app.js';
import { type Caller, roles } from './auth.js';
import { readBody } from './body.js';
import { recipientBody, recipientParams, recipientViewBody } from './notice-schemas.js';
import { problem, problemOfFaults } from './problems.js';
import { answers, bodyProblems, noQuery } from './schemas.js';

type Deps = Pick<GatewayDeps, 'noticeDesk' | 'keys' | 'webhookLoopback'>;

/** Whom notices are for. Addresses come in, and never out again but masked. */
export function recipientRoutes(app: App, { noticeDesk, keys, webhookLoopback }: Deps): void {
  app.put(
    '/v1/recipients/:id',
    {
      config: { access: roles },
      schema: {
        summary: 'Register whom notices are for, or change it',
        description:
          'Whole: what is left out is gone. Addresses are kept sealed. A customer has its own.',
        tags: ['notifications'],
        params: recipientParams,
        querystring: noQuery,
        body: recipientBody,
        response: answers(
          { 200: ['Registered', recipientViewBody] },
          'recipient-unknown',
          ...bodyProblems,
        ),
      },
    },
    async (request) => {
      const { caller, params, trace } = request;
      const key = keyOf(caller, params.id);
      const { addresses, ...settings } = readBody(parseRecipient(request.body));
      const isOthers = key.owner !== undefined && (settings.owner ?? key.owner) !== key.owner;
      if (isOthers) throw problemOfFaults([{ path: 'owner', code: 'field-invalid' }]);
      const kept = readBody(keptAddresses(keys, key, addresses, webhookLoopback));
      const by = { principal: caller.subject, trace: trace.traceId };
      const owned = key.owner === undefined ? settings : { ...settings, owner: key.owner };
      const answer = await noticeDesk.put(key, by, owned, kept);
      if (answer.kind === 'registered') return viewOf(await noticeDesk.find(key));
      if (answer.code === 'recipient-unknown') throw problem('recipient-unknown');
      throw problemOfFaults([{ path: 'timeZone', code: 'field-invalid' }]);
    },
  );

  app.get(
    '/v1/recipients/:id',
    {
      config: { access: roles },
      schema: {
        summary: 'A recipient, its addresses masked',
        tags: ['notifications'],
        params: recipientParams,
        querystring: noQuery,
        response: answers({ 200: ['The recipient', recipientViewBody] }, 'recipient-unknown'),
      },
    },
    async ({ caller, params }) => viewOf(await noticeDesk.find(keyOf(caller, params.id))),
  );
}

/** Whose a recipient must be: a customer's own, as if there were no others. */
export function keyOf({ tenant, role, subject }: Caller, id: string) {
  if (!recipientIdForm.test(id)) throw problem('recipient-unknown');
  return { tenant, id, ...(role === 'customer' && { owner: subject }) };
}

type Parser = (text: string, path: string, rules: { loopback: boolean }) => Parsed<string>;

const parsers: Readonly<Record<Channel, Parser>> = {
  push: parseDeviceToken,
  sms: parsePhoneNumber,
  email: parseEmailAddress,
  webhook: parseWebhookUrl,
};

/** The addresses as they are kept, or every fault that they have. */
export function keptAddresses(
  keys: Pick<KeyRing, 'seal' | 'digestKey'>,
  { tenant, id }: { readonly tenant: string; readonly id: string },
  addresses: Recipient['addresses'],
  loopback = false,
): Parsed<readonly KeptAddress[]> {
  const faults: Fault[] = [];
  const kept: KeptAddress[] = [];
  for (const [name, text] of Object.entries(addresses)) {
    const channel = channels.find((one) => one === name);
    const path = `addresses.${name.slice(0, 40)}`;
    const parsed = channel && parsers[channel](text, path, { loopback });
    if (channel === undefined || parsed === undefined) faults.push({ path, code: 'unknown-field' });
    else if (!parsed.ok) faults.push(...parsed.faults);
    else kept.push(keptAddress(keys, sealedFor(tenant, id, channel), channel, parsed.value));
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: kept };
}

function keptAddress(
  keys: Pick<KeyRing, 'seal' | 'digestKey'>,
  label: string,
  channel: Channel,
  address: string,
): KeptAddress {
  const digest = hmacSha256Hex(keys.digestKey, `${label}:${address}`);
  return { channel, sealed: keys.seal(address, label), digest, masked: masked(channel, address) };
}

/** Enough to tell one's own addresses apart, and no more. */
function masked(channel: Channel, address: string): string {
  if (channel === 'webhook') return `${new URL(address).origin}/***`;
  const shown = channel === 'email' ? address.slice(address.lastIndexOf('@')) : address.slice(-2);
  return channel === 'email' ? `${address.slice(0, 1)}***${shown}` : `***${shown}`;
}

function viewOf(row: RecipientRow | undefined) {
  if (row === undefined) throw problem('recipient-unknown');
  const { lately: _, addresses, ...view } = row;
  return { ...view, addresses: [...addresses] };
}
