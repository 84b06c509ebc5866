import { randomBytes } from 'node:crypto';
import { nanoid } from 'nanoid';
import {
  type AccountEditPayload,
  type AccountId,
  type AccountOpenPayload,
  type Captured,
  type Command,
  commands,
  type CorrectionCommand,
  type CorrectionPayload,
  correctionPrincipal,
  type Declined,
  digestsOf,
  type Envelope,
  type FileDeletionCommand,
  type FundingPayload,
  fileDeletionOf,
  fingerprintOf,
  type NotificationCommand,
  type NotificationPayload,
  type OpId,
  opIdOf,
  type PaymentCommand,
  type PaymentPayload,
  type PayoutCommand,
  type PayoutPayload,
  type RefundCommand,
  type RefundPayload,
  type RideCommand,
  type RidePayload,
  referenceOf,
  type UploadCommand,
  type UploadPayload,
} from '../../src/domain/index.js';

/** What a test may fix of an envelope; the rest is made up, a new intent each time. */
export interface Asked {
  readonly principal?: string;
  readonly actor?: string;
  readonly idemKey?: string;
  readonly bizKey?: string;
  readonly trace?: string;
  /** Base64, as it travels. */
  readonly sealed?: string;
  /** Epoch milliseconds. */
  readonly acceptedAt?: number;
  readonly timeBudgetMs?: number;
}

export type EnvelopeOf<Payload> = Envelope<Command<Payload>>;
/** An account's name where a test would rather not write accountIdOf. */
type Plain<Payload> = {
  [Name in keyof Payload]: Payload[Name] extends AccountId ? string : Payload[Name];
};
type Payment = Plain<Pick<PaymentPayload, 'account' | 'amount'>> & {
  readonly payTo?: string;
  readonly currency?: PaymentPayload['currency'];
  readonly method?: PaymentPayload['method'];
  readonly capture?: PaymentPayload['capture'];
  readonly holdExpiresAt?: number;
};

/** Accepted commands of one tenant, as the gateway and the client make them. */
export function envelopesOf(tenant: string) {
  return {
    payment: (payload: Payment, asked: Asked = {}) =>
      envelope(
        tenant,
        commands.payment,
        { currency: 'EUR', capture: 'automatic', method: 'card', ...payload } as PaymentPayload,
        asked,
      ) as Envelope<PaymentCommand>,
    refund: (payload: { payment: OpId; amount?: number; account?: string }, asked: Asked = {}) =>
      envelope(
        tenant,
        commands.refund,
        { account: 'alice', currency: 'EUR', ...payload } as RefundPayload,
        asked,
      ) as Envelope<RefundCommand>,
    payout: (payload: Plain<Pick<PayoutPayload, 'account' | 'amount'>>, asked: Asked = {}) =>
      envelope(
        tenant,
        commands.payout,
        { currency: 'EUR', destination: 'bank_1', ...payload } as PayoutPayload,
        asked,
      ) as Envelope<PayoutCommand>,
    ride: (payload: Plain<Pick<RidePayload, 'account' | 'amount'>>, asked: Asked = {}) =>
      envelope(
        tenant,
        commands.ride,
        { currency: 'EUR', ...payload } as RidePayload,
        asked,
      ) as Envelope<RideCommand>,
    ...unpricedOf(tenant),
    opening: (
      payload: Plain<Pick<AccountOpenPayload, 'account'>> & Partial<Opening>,
      asked: Asked = {},
    ) =>
      envelope(
        tenant,
        commands.accountOpen,
        {
          currency: 'EUR',
          kind: 'customer',
          overdraftLimit: 0,
          slots: 1,
          ...payload,
        } as AccountOpenPayload,
        asked,
      ),
    funding: (
      payload: Plain<Omit<FundingPayload, 'currency'>> & Partial<Pick<FundingPayload, 'currency'>>,
      asked: Asked = {},
    ) =>
      envelope(tenant, commands.funding, { currency: 'EUR', ...payload } as FundingPayload, asked),
    /** What this person wants booked for a finding. */
    correction: (payload: Plain<CorrectionPayload>, actor: string) =>
      envelope(
        tenant,
        { domain: 'Correction', eventType: 'CorrectionRequested' },
        payload as CorrectionPayload,
        { principal: correctionPrincipal, actor, idemKey: payload.finding },
      ) as Envelope<CorrectionCommand>,
    edit: (payload: Plain<AccountEditPayload>, asked: Asked = {}) =>
      envelope(tenant, commands.accountEdit, payload as AccountEditPayload, asked),
  };
}

/** What has no price in money: files and notices. */
function unpricedOf(tenant: string) {
  return {
    notice: (payload: Partial<NotificationPayload> = {}, asked: Asked = {}) =>
      envelope(
        tenant,
        commands.notification,
        { template: 'plain', channels: ['sms', 'push'], onUnknown: 'person', ...payload },
        { sealed: Buffer.from('sealed').toString('base64'), ...asked },
      ) as Envelope<NotificationCommand>,
    /** A day to come in, unless it says otherwise. */
    upload: (payload: Plain<Omit<UploadPayload, 'currency'>>, asked: Asked = {}) =>
      envelope(tenant, commands.upload, { currency: 'BYTE', ...payload } as UploadPayload, {
        timeBudgetMs: 24 * 3_600_000,
        ...asked,
      }) as Envelope<UploadCommand>,
    /** The deletion of what this upload published. */
    deletion: ({ opId, command }: Envelope<UploadCommand>, asked: Asked = {}) => {
      const { account, amount } = command.payload;
      const { idemKey, bizKey, payload } = fileDeletionOf({ upload: opId, account, amount });
      return envelope(tenant, commands.fileDeletion, payload, {
        idemKey,
        ...(bizKey !== undefined && { bizKey }),
        ...asked,
      }) as Envelope<FileDeletionCommand>;
    },
  };
}

type Opening = Omit<AccountOpenPayload, 'account'>;

/** The provider's word that it took the money of this payment; `change` makes it a false one. */
export function captureOf(
  { opId, command: { payload } }: Envelope<PaymentCommand>,
  change: Partial<Captured> = {},
): Captured {
  return {
    kind: 'captured',
    reference: referenceOf(opId, 'charge.1', 1),
    chargeId: `ch_${opId}`,
    minor: payload.amount,
    currency: payload.currency,
    ...change,
  };
}

/** The provider's word that it refused this payment. */
export function declineOf({ opId }: Envelope<PaymentCommand>): Declined {
  return {
    kind: 'declined',
    reference: referenceOf(opId, 'charge.1', 1),
    declineCode: 'do-not-honour',
  };
}

function envelope<Payload extends object>(
  tenant: string,
  { domain, eventType }: { readonly domain: string; readonly eventType: string },
  payload: Payload,
  asked: Asked,
): EnvelopeOf<Payload> {
  const { principal = 'alice', idemKey = nanoid(), bizKey, sealed } = asked;
  const digests = digestsOf({ ...payload, bizKey, sealed }, 'the key of the tests');
  return {
    v: 1,
    opId: opIdOf({ tenant, principal, domain, eventType, idemKey }),
    tenant,
    principal,
    actor: asked.actor ?? principal,
    command: { domain, eventType, idemKey, payload, ...(bizKey !== undefined && { bizKey }) },
    fingerprint: fingerprintOf(digests),
    digests,
    trace: asked.trace ?? randomBytes(16).toString('hex'),
    acceptedAt: asked.acceptedAt ?? Date.now(),
    timeBudgetMs: asked.timeBudgetMs ?? 5 * 60_000,
    ...(sealed !== undefined && { sealed }),
  };
}
