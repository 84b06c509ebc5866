import type { TemplateName } from '../template.js';
import type { TextOf } from './text-of.js';

/** English, which whoever has no other language gets. */
export const en: Readonly<Record<TemplateName, TextOf>> = {
  'payment-settled': {
    subject: 'Payment of {{amount}} {{currency}}',
    text: 'Your payment of {{amount}} {{currency}} is settled. Reference: {{reference}}.',
  },
  'ride-matched': {
    subject: 'Your ride is matched',
    text: 'A ride is matched: {{rider}} rides with {{driver}}. Reference: {{reference}}.',
  },
  'ride-paid-out': {
    subject: 'Payout of {{amount}} {{currency}}',
    text: 'Your ride is paid: {{amount}} {{currency}} are on their way. Reference: {{reference}}.',
  },
  'ride-cancelled': {
    subject: 'Your ride is cancelled',
    text: 'The ride is cancelled. Reference: {{reference}}.',
  },
  plain: { subject: '{{subject}}', text: '{{text}}' },
};
