import { patched } from '@temporalio/workflow';

// Once no operation is open that began before a gate, the gate and its old branch can go.

/** A call that was repeated in doubt is looked at before its answer is believed. */
export function looksAfterRepeat(): boolean {
  return patched('look-after-repeat');
}

/** What a provider tells of a parked operation wakes it; only a person did. */
export function evidenceWakes(): boolean {
  return patched('evidence-wakes');
}

/** A fare beyond its hold and the tolerance is taken in two charges; it was refused. */
export function chargesTheRest(): boolean {
  return patched('charge-the-rest');
}

/** A run that meets a held ride counts its 30 s from when it was held; they counted as over. */
export function countsFromTheHold(): boolean {
  return patched('count-from-the-hold');
}

/** A step whose hold ends while it waits to be begun is given up, and its money goes back. */
export function lapsesWhileWaiting(): boolean {
  return patched('lapse-while-waiting');
}

/** A payment that begins later writes its row before it waits. */
export function writesRowFirst(): boolean {
  return patched('row-before-schedule');
}

/** A sweep looks at uploads and their objects as well. */
export function sweepsUploads(): boolean {
  return patched('sweep-uploads');
}
