import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { condition, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { evidenceWakes } from './versions.js';
import type { Wishes } from './wishes.js';

const attention = defineSearchAttributeKey('attention', SearchAttributeType.KEYWORD);

/**
 * Stands still in front of a person, shown by the search attribute `attention` and the details,
 * until somebody asks to verify, or the provider tells something that was not known when it
 * stopped, `heard` before. Money that is held stays held.
 */
export async function parkedUntilVerify(
  reason: string,
  wishes: Wishes,
  heard: number,
): Promise<void> {
  const wakes = evidenceWakes();
  upsertSearchAttributes([{ key: attention, value: 'parked' }]);
  setCurrentDetails(`**Parked**: ${reason}. Held money stays held; a person must look.`);
  await condition(() => wishes.verify || (wakes && wishes.heard > heard));
  upsertSearchAttributes([{ key: attention, value: null }]);
}
