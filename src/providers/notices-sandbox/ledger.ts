import { type Channel, channels } from '../../domain/index.js';
import { openAppendOnly, readAppendOnly } from '../sandbox/append-only.js';

/** One notice that came through, as often as it did. One line of the ledger file. */
export interface DeliveredNotice {
  readonly channel: Channel;
  /** What it says of itself which delivery it is; empty where it says nothing. */
  readonly deliveryId: string;
  /** The far side's own id. */
  readonly id: string;
  readonly to: string;
  readonly subject?: string;
  /** Of an e-mail, all of it. */
  readonly text: string;
  readonly at: number;
  /** False for one that the device or the receiver knows already, and does not show again. */
  readonly shown: boolean;
}

export interface NoticesLedger {
  readonly entries: readonly DeliveredNotice[];
  /** Resolves once it is on the disk. */
  deliver(notice: Omit<DeliveredNotice, 'at' | 'shown'>, collapse?: string): Promise<void>;
  close(): Promise<void>;
}

/** Every notice that came through, in order. */
export function readNoticesLedger(file: string): Promise<DeliveredNotice[]> {
  return readAppendOnly(file, isNotice);
}

/** Opens the file to append to. */
export async function openNoticesLedger(file: string): Promise<NoticesLedger> {
  const opened = await openAppendOnly(file, isNotice);
  const { ledger } = opened;
  const entries: DeliveredNotice[] = [...opened.entries];
  return {
    entries,
    async deliver(notice, collapse) {
      const isKnown = (one: DeliveredNotice) =>
        one.to === notice.to && one.channel === notice.channel && one.id === collapse;
      const shown = collapse === undefined || !entries.some(isKnown);
      const entry = { ...notice, ...(collapse !== undefined && { id: collapse }) };
      const line: DeliveredNotice = { ...entry, at: Date.now(), shown };
      entries.push(line);
      await ledger.append(line);
    },
    close: ledger.close,
  };
}

function isNotice(given: unknown): given is DeliveredNotice {
  return channels.includes((given as DeliveredNotice | undefined | null)?.channel as Channel);
}
