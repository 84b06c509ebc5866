import { patched } from '@temporalio/workflow';

// Once no operation is open that began before a gate, the gate and its old branch can go.

/** A call that was repeated in doubt is looked at before its answer is believed. */
export function looksAfterRepeat(): boolean {
  return patched('look-after-repeat');
}

/** A payment that begins later writes its row before it waits. */
export function writesRowFirst(): boolean {
  return patched('row-before-schedule');
}
