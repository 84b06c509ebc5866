import { afterAll, beforeAll, describe } from 'vitest';
import { openObjectStore } from '../../src/objects/index.js';
import { copies, keepsBytes, ranges, streams } from './conformance-bytes.js';
import { lists, pages, refuses } from './conformance-keys.js';
import { ends, survivesDeath, wholeOrNothing } from './conformance-whole.js';
import type { Place, TestedStore } from './tested-store.js';

/** What every store keeps, wherever the bytes are. */
export function objectStoreConformance(name: string, start: () => Promise<Place>): void {
  describe(`${name} keeps the contract of a store`, () => {
    let world: TestedStore;
    beforeAll(async () => {
      const place = await start();
      world = { ...place, store: await openObjectStore(place.location) };
    }, 600_000);
    afterAll(() => world?.close());
    const tested = () => world;

    keepsBytes(tested);
    ranges(tested);
    streams(tested);
    wholeOrNothing(tested);
    ends(tested);
    survivesDeath(tested);
    copies(tested);
    lists(tested);
    pages(tested);
    refuses(tested);
  });
}
