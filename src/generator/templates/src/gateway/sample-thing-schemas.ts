import { z } from 'zod';
import { moneyBody } from './several-steps.js';

export const sampleThingBody = z.strictObject({
  ...moneyBody,
  // to fill: what it asks for beside its money, as the parser takes it
});
