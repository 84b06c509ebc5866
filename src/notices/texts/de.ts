import type { TemplateName } from '../template.js';
import type { TextOf } from './text-of.js';

/** German. */
export const de: Readonly<Record<TemplateName, TextOf>> = {
  'payment-settled': {
    subject: 'Zahlung über {{amount}} {{currency}}',
    text: 'Ihre Zahlung über {{amount}} {{currency}} ist abgeschlossen. Referenz: {{reference}}.',
  },
  'ride-matched': {
    subject: 'Ihre Fahrt ist vermittelt',
    text: 'Eine Fahrt ist vermittelt: {{rider}} fährt mit {{driver}}. Referenz: {{reference}}.',
  },
  'ride-paid-out': {
    subject: 'Auszahlung über {{amount}} {{currency}}',
    text: 'Für Ihre Fahrt sind {{amount}} {{currency}} unterwegs. Referenz: {{reference}}.',
  },
  'ride-cancelled': {
    subject: 'Ihre Fahrt ist abgesagt',
    text: 'Die Fahrt ist abgesagt. Referenz: {{reference}}.',
  },
  plain: { subject: '{{subject}}', text: '{{text}}' },
};
