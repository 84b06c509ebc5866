import { type Command, commands } from './command.js';
import { type Parsed, readObject } from './faults.js';
import { commandIn, type MoneyAsked, moneyFields } from './several-steps.js';

/** What a sample thing asks for. */
export interface SampleThingPayload extends MoneyAsked {
  // to fill: what it asks for beside its money
}

export type SampleThingCommand = Command<SampleThingPayload> & {
  readonly domain: typeof commands.sampleThing.domain;
  readonly eventType: typeof commands.sampleThing.eventType;
};

const fields = [...moneyFields];

/** Reads the body of a sample thing. */
export function parseSampleThingCommand(
  body: unknown,
  idemKey: string,
): Parsed<SampleThingCommand> {
  return readObject(body, fields, (read) =>
    commandIn(read, commands.sampleThing, idemKey, {
      // to fill: how each field is read
    }),
  );
}
