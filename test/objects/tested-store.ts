import type { ObjectStore } from '../../src/objects/index.js';
import type { ObjectStoreLocation } from '../../src/objects/location.js';

/** A place for objects, with nothing in it. */
export interface Place {
  readonly location: ObjectStoreLocation;
  /** Says that every upload was begun in 2010. */
  readonly forgetsMoments?: true;
  close(): Promise<void>;
}

export interface TestedStore extends Place {
  readonly store: ObjectStore;
}

/** The store, once it is there. */
export type Tested = () => TestedStore;

export const mega = 1024 * 1024;
/** More than any of these objects has. */
export const plenty = 100 * mega;
let places = 0;

/** What the keys of one test begin with, and of no other. */
export function fresh(): string {
  places += 1;
  return `tests/${process.pid}-${places}`;
}
