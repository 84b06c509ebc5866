import { describe, expect, test } from 'vitest';
import type { Outcome, OutsideAnswer } from '../../src/domain/index.js';
import {
  aConformanceWorld,
  authorized,
  type ConformanceWorld,
  evidenceOf,
  steps,
  type Tested,
} from './conformance-world.js';
import { lists } from './conformance-lists.js';

type Start = () => Promise<ConformanceWorld>;

const refusal = { kind: 'ok', value: { kind: 'declined', declineCode: expect.any(String) } };
/** Certainly not done: declined, or refused as a request that cannot be. */
const isRefused = (outcome: Outcome<OutsideAnswer>) =>
  outcome.kind === 'ok' ? outcome.value.kind === 'declined' : outcome.kind === 'fail';
const kindOf = (outcome: Outcome<OutsideAnswer>) => outcome.kind === 'ok' && outcome.value.kind;
const done = (kind: string, more: object = {}) => ({ kind: 'ok', value: { kind, ...more } });

/**
 * What every adapter keeps, whatever provider is behind it. The profile decides what is asked: a
 * step that the provider cannot do must not seem to go well. `start` is called for each test.
 */
export function conformance(name: string, start: Start): void {
  describe(`${name} keeps the contract`, () => {
    oneEffectPerReference(start);
    lostAnswers(start);
    captures(start);
    voids(start);
    refunds(start);
    fences(start);
    lists(start);
    neverThrows(start);
  });
}

/** A test of every step; one that the provider cannot do must do nothing. */
function eachStep(start: Start, claim: string, body: (world: Tested, step: Step) => Promise<void>) {
  test.each(steps)(`of every step: ${claim}`, async (step) => {
    const world = await aConformanceWorld(start);
    if (world.can(step)) return body(world, step);

    const asked = world.request(step, { chargeId: 'ch_none' });
    expect((await world.perform(asked)).kind).not.toBe('ok');
    expect(await world.moved(asked.reference)).toBe(0);
  });
}

type Step = (typeof steps)[number];

function oneEffectPerReference(start: Start): void {
  eachStep(start, 'does a %s once for five calls of one reference', async (world, step) => {
    const asked = await world.ready(step);

    const first = await world.perform(asked);
    const others = await Promise.all([1, 2, 3, 4].map(() => world.perform(asked)));

    const { reference } = asked;
    expect(others).toEqual([first, first, first, first]);
    const end = await world.end(asked, first);
    expect(end).toMatchObject(done(evidenceOf[step], { reference }));
    if (step !== 'void') expect(end).toMatchObject({ value: asked.amount });
    if (asked.chargeId) expect(end).toMatchObject({ value: { chargeId: asked.chargeId } });
    expect(await world.moved(reference)).toBe(1);
  });

  eachStep(start, 'takes no other amount of a %s for what was asked', async (world, step) => {
    const asked = await world.ready(step);
    await world.perform(asked);
    const other = { ...asked, amount: world.of(asked.amount.minor - 1) };

    expect(await world.perform(other)).toMatchObject(done('contradicted'));
    expect(await world.find(other)).toMatchObject(done('contradicted'));
    expect(await world.moved(asked.reference)).toBe(1);
  });

  eachStep(start, 'finds no %s that nobody asked for', async (world, step) => {
    const asked = await world.ready(step);

    const { reference } = asked;
    expect(await world.find(asked)).toEqual(done('not-found', { reference }));
    expect(await world.moved(reference)).toBe(0);
  });
}

function lostAnswers(start: Start): void {
  eachStep(start, 'finds the %s whose answer was lost', async (world, step) => {
    const asked = await world.ready(step);
    await world.fault('answer-lost');

    const lost = await world.perform(asked);
    const found = await world.find(asked);

    expect(lost.kind).toBe('unknown');
    expect(await world.perform(asked)).toEqual(found);
    const { reference } = asked;
    expect(await world.end(asked, found)).toMatchObject(done(evidenceOf[step], { reference }));
    expect(await world.moved(asked.reference)).toBe(1);
  });

  eachStep(start, 'does a %s at the second call when the first was lost', async (world, step) => {
    const asked = await world.ready(step);
    await world.fault('request-lost');

    const lost = await world.perform(asked);

    expect(['unknown', 'retry']).toContain(lost.kind);
    expect(await world.moved(asked.reference)).toBe(0);
    const again = await world.perform(asked);
    expect(await world.end(asked, again)).toMatchObject(done(evidenceOf[step]));
    expect(await world.moved(asked.reference)).toBe(1);
  });
}

function captures(start: Start): void {
  test('captures a part, and gives the rest back with the final one', async () => {
    const world = await aConformanceWorld(start);
    if (!world.can('capture')) return expect(world.profile.captures).not.toContain('multiple');
    const chargeId = await world.chargeIdOf('authorize');
    const isMultiple = world.profile.captures.includes('multiple');
    if (!isMultiple) expect(isRefused(await world.capture(chargeId, 1_00, false))).toBe(true);
    const first = await world.capture(chargeId, 40_00);
    expect(first).toMatchObject(done('captured', { chargeId, minor: 40_00 }));

    if (isMultiple) {
      const last = await world.capture(chargeId, 30_00, true);
      expect(last).toMatchObject(done('captured', { chargeId, minor: 30_00 }));
    }
    expect(await world.capture(chargeId, 1_00)).toMatchObject(refusal);
  });

  test.each([
    ['as much as', 0],
    ['a unit more than', 1],
  ])('captures %s the provider tolerates, or refuses it', async (_, beyond) => {
    const world = await aConformanceWorld(start);
    if (!world.can('capture')) return expect(world.profile.overCapturePercent).toBe(0);
    const chargeId = await world.chargeIdOf('authorize');
    const most = (authorized * (100 + world.profile.overCapturePercent)) / 100;

    const outcome = await world.capture(chargeId, most + beyond);

    if (beyond > 0) expect(outcome).toMatchObject(done('declined', { chargeId }));
    else expect(outcome).toMatchObject(done('captured', { minor: most }));
  });

  test('captures no more than it tolerates in several parts at once', async () => {
    const world = await aConformanceWorld(start);
    if (!world.profile.captures.includes('multiple')) return;
    const chargeId = await world.chargeIdOf('authorize');

    const parts = await Promise.all([1, 2, 3, 4, 5].map(() => world.capture(chargeId, 40_00)));

    const most = (authorized * (100 + world.profile.overCapturePercent)) / 100;
    const taken = parts.filter((part) => part.kind === 'ok' && part.value.kind === 'captured');
    expect(taken).toHaveLength(Math.floor(most / 40_00));
    for (const part of parts) if (!taken.includes(part)) expect(part).toMatchObject(refusal);
  });
}

function voids(start: Start): void {
  test('captures nothing after a void, and voids once', async () => {
    const world = await aConformanceWorld(start);
    if (!world.can('void')) return expect(world.profile.captures).not.toContain('manual');
    const held = world.request('authorize');
    const outcome = await world.perform(held);
    const chargeId = 'value' in outcome && 'chargeId' in outcome.value && outcome.value.chargeId;
    if (!chargeId) throw new Error(`not authorised: ${JSON.stringify(outcome)}`);
    expect(await world.find(held)).toEqual(outcome);

    expect(await world.void(chargeId)).toMatchObject(done('voided', { chargeId }));

    expect(await world.capture(chargeId, 1_00)).toMatchObject(refusal);
    const again = world.request('void', { chargeId });
    // Where a void has no name of its own, what stands is shown: it is voided, and was before.
    expect(['declined', 'voided']).toContain(kindOf(await world.perform(again)));
    expect(await world.moved(again.reference)).toBe(0);
    expect(await world.find(held)).toMatchObject(done('voided', { chargeId }));
  });

  test('voids nothing of what is captured in full', async () => {
    const world = await aConformanceWorld(start);
    if (!world.can('void')) return expect(world.profile.captures).not.toContain('manual');
    const chargeId = await world.chargeIdOf('authorize');
    await world.capture(chargeId, authorized, true);

    expect(await world.void(chargeId)).toMatchObject(refusal);
  });
}

function refunds(start: Start): void {
  test('refunds what was captured, in parts, and no unit more', async () => {
    const world = await aConformanceWorld(start);
    if (!world.can('refund')) return expect(world.profile.refundWindowMs).toBe(0);
    const chargeId = await world.chargeIdOf('charge');

    const first = await world.refund(chargeId, 40_00);
    expect(first).toMatchObject(done('refunded', { chargeId, minor: 40_00 }));
    expect(isRefused(await world.refund(chargeId, 60_01))).toBe(true);
    expect(await world.refund(chargeId, 60_00)).toMatchObject(done('refunded', { minor: 60_00 }));
    expect(isRefused(await world.refund(chargeId, 1))).toBe(true);
  });

  test('refunds no more than was captured in ten calls at once', async () => {
    const world = await aConformanceWorld(start);
    if (!world.can('refund')) return expect(world.profile.refundWindowMs).toBe(0);
    const chargeId = await world.chargeIdOf('charge');

    const calls = Array.from({ length: 10 }, () => world.refund(chargeId, 30_00));
    const outcomes = await Promise.all(calls);

    expect(outcomes.filter((one) => kindOf(one) === 'refunded')).toHaveLength(3);
    expect(outcomes.filter(isRefused)).toHaveLength(7);
  });
}

function fences(start: Start): void {
  eachStep(start, 'lets no %s come after a fence', async (world, step) => {
    const asked = await world.ready(step);
    const { reference } = asked;

    const fence = await world.fence(asked);
    const late = await world.perform(asked);

    if (world.profile.fences) {
      expect(fence).toEqual(done('fenced', { reference }));
      const cause = 'reference-fenced';
      expect(late).toMatchObject({ kind: 'fail', code: 'provider-refused', cause });
      expect(await world.fence(asked)).toEqual(fence);
    } else expect(fence.kind).toBe('unknown');
    expect(await world.moved(reference)).toBe(world.profile.fences ? 0 : 1);
  });

  eachStep(start, 'tells at the fence what %s stands already', async (world, step) => {
    const asked = await world.ready(step);
    const stands = await world.perform(asked);

    const fence = await world.fence(asked);

    if (world.profile.fences) expect(fence).toEqual(stands);
    else expect(fence.kind).toBe('unknown');
    expect(await world.perform(asked)).toEqual(stands);
  });

  eachStep(start, 'lets either the %s or the fence win, never both', async (world, step) => {
    for (let round = 0; round < 10; round += 1) {
      const asked = await world.ready(step);
      const write = () => world.perform(asked);
      const close = () => world.fence(asked);
      const both = round % 2 === 0 ? [write(), close()] : [close(), write()];
      const [one, two] = await Promise.all(both);
      const [written, fence] = round % 2 === 0 ? [one, two] : [two, one];

      const fenced = fence?.kind === 'ok' && fence.value.kind === 'fenced';
      expect(written?.kind).toBe(fenced ? 'fail' : 'ok');
      if (world.profile.fences && !fenced) expect(fence).toEqual(written);
      expect(await world.moved(asked.reference)).toBe(fenced ? 0 : 1);
    }
  });
}

function neverThrows(start: Start): void {
  test.each(steps)('says so, and throws nothing, when a %s has no target', async (step) => {
    const world = await aConformanceWorld(start);
    const { destination: _, ...asked } = world.request(step);
    const needsNone = step === 'charge' || step === 'authorize';

    for (const chargeId of [undefined, '', '..', 'ch/../x?y=#z', 'ch_none']) {
      const target = chargeId === undefined ? {} : { chargeId };
      const outcome = await world.perform({ ...asked, ...target });
      if (!needsNone) expect(outcome).not.toMatchObject({ value: { kind: evidenceOf[step] } });
    }
    expect(await world.moved(asked.reference)).toBe(needsNone && world.can(step) ? 1 : 0);
  });

  test.each(steps)('is in doubt or tries again when nobody answers a %s', async (step) => {
    const world = await aConformanceWorld(start);
    const asked = world.request(step, { chargeId: 'ch_none' });
    await world.stop();

    for (const ask of [world.perform, world.find, world.fence]) {
      expect(['retry', 'unknown']).toContain((await ask(asked)).kind);
    }
  });
}
