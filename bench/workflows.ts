import { proxyActivities } from '@temporalio/workflow';
import type { PaymentLedgerSteps, ProviderSteps } from '../src/activities/index.js';
import type { Envelope, PaymentCommand } from '../src/domain/index.js';

// What a worker of the benchmark runs: our own workflows, and two to hold beside them.
export { editAccount, fundAccount, openAccount, payment } from '../src/workflows/index.js';

/** Does nothing: what is left of a payment when only Temporal works. */
export async function emptyPayment() {
  return { kind: 'empty' };
}

const steps = proxyActivities<PaymentLedgerSteps & ProviderSteps>({
  startToCloseTimeout: '12s',
});

/** The same three steps as they are written first: an ordinary activity each, no doubt at all. */
export async function naivePayment(envelope: Envelope<PaymentCommand>) {
  const held = await steps.reservePayment(envelope);
  if (held.kind !== 'held') return held;
  const { reference, minor, currency } = held;
  const amount = { minor, currency };
  const charge = await steps.chargePayment({ step: 'charge', reference, amount });
  if (charge.kind !== 'captured') return charge;
  return steps.settlePayment(envelope.opId, charge);
}
