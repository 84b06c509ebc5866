import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { condition, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { Wishes } from './wishes.js';

const attention = defineSearchAttributeKey('attention', SearchAttributeType.KEYWORD);

/**
 * Stands still in front of a person, shown by the search attribute `attention` and the details,
 * until somebody asks to verify. Money that is held stays held.
 */
export async function parkedUntilVerify(reason: string, wishes: Wishes): Promise<void> {
  upsertSearchAttributes([{ key: attention, value: 'parked' }]);
  setCurrentDetails(`**Parked**: ${reason}. Held money stays held; a person must look.`);
  await condition(() => wishes.verify);
  upsertSearchAttributes([{ key: attention, value: null }]);
}
