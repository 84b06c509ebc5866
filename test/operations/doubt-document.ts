import type { OutsideStep } from '../../src/domain/index.js';
import type { Row } from './doubt-table.js';

const titles: Record<OutsideStep, string> = {
  charge: 'A payment is charged',
  authorize: 'A payment is authorised',
  capture: 'What was authorised is captured',
  void: 'What was authorised is let go',
  refund: 'A refund goes back',
  payout: 'A payout goes out',
};

const preface = `
<!-- Made by \`npm run doubt\`; \`npm test\` fails when the tests find otherwise. -->

# What happens when the provider fails

Every fault of the sandbox provider meets every step that moves money there. Each row was played on
a real PostgreSQL and a real Temporal; none is written by hand.

- **End**: \`COMPLETED\`; \`FAILED\` with its code; \`HELD\` where an authorisation stands;
  \`PARKED\` with the case that a person is shown, the money still held.
- **Effects**: how often the provider did the step, by its own look-ups. More than one is parked.
- **Entries**: what our ledger made of the amount.

A fault strikes the first call of a step and ends, unless the row says otherwise. With \`drop-keys\`
the provider does not know its idempotency keys: a repeated call acts again. The faults of webhooks
are not here, since they do not touch the call: \`test/providers/sandbox-webhooks.test.ts\` and
\`test/gateway/webhooks.test.ts\` have them, and what a webhook tells of a doubt is in
\`test/operations/held-payment.test.ts\`. A ride takes these same steps, its second charge too:
\`test/operations/ride-fare.test.ts\`.
`;

/** The whole of docs/doubt.md. */
export function documentOf(rows: readonly Row[]): string {
  const steps = [...new Set(rows.map(({ step }) => step))];
  const sections = steps.map((step) => {
    const lines = rows.filter((row) => row.step === step).map(lineOf);
    const head = '| Fault | End | Effects | Entries |\n|---|---|---|---|';
    return `## ${titles[step]} (${step})\n\n${head}\n${lines.join('\n')}\n`;
  });
  return [preface.trimStart(), ...sections].join('\n');
}

function lineOf({ fault, state, code, effects, entries }: Row): string {
  const end = code === '' ? state : `${state}: ${code}`;
  return `| ${fault} | ${end} | ${effects} | ${entries} |`;
}
