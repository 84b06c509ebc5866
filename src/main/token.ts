import { parseArgs } from 'node:util';
import { devIssuer, devTenant } from './dev-state.js';

// Prints a development token, and nothing else, so that TOKEN=$(...) takes it as it is.
const roles = ['customer', 'merchant', 'operator', 'admin'];
const help = `A bearer token for the gateway of npm run dev, good for 12 hours.

  npm run --silent token -- ROLE [SUBJECT] [--tenant TENANT]

ROLE     ${roles.join(', ')}
SUBJECT  who it is: the owner of accounts; the role's own name when left out
TENANT   ${devTenant} when left out
`;

function read() {
  try {
    const options = { tenant: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const [role = '', subject = role, ...more] = positionals;
    const wrong = !roles.includes(role) || more.length > 0;
    return { ...values, role, subject, wrong: wrong && values.help !== true };
  } catch {
    return { role: '', subject: '', wrong: true };
  }
}

const asked = read();
if (asked.wrong) {
  process.stderr.write(help);
  process.exit(2);
}
if (asked.help) {
  process.stdout.write(help);
  process.exit(0);
}
const issuer = await devIssuer();
if (issuer === undefined) {
  process.stderr.write('There is no key yet: run npm run dev once, it makes one.\n');
  process.exit(1);
}
const { role, subject, tenant = devTenant } = asked;
process.stdout.write(`${await issuer.sign({ role, subject, tenant })}\n`);
