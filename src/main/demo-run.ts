import { createDatabase } from '../database/index.js';
import { createReads } from '../ledger/reads.js';
import { type Audit, audit, balances } from './demo-audit.js';
import * as doubtScenes from './demo-doubt-scenes.js';
import * as noticeScenes from './demo-notice-scenes.js';
import * as rideScenes from './demo-ride-scenes.js';
import * as scenes from './demo-scenes.js';
import { uploadKilled } from './demo-upload-scene.js';
import { createDemoWorld, type SceneReport } from './demo-world.js';
import type { BalanceBody } from './http-api.js';
import type { Stack } from './stack.js';

/** What its stack is started with: patience, doubt and break, all short. */
export const demoEnvironment = {
  PROVIDER_TIMEOUT_MS: '1500',
  DOUBT_LADDER: '500ms,500ms,1s,1s,2s',
  BREAKER_OPEN_MS: '4000',
  BREAKER_STAGE_MS: '500',
  LOG_LEVEL: 'warn',
} as const;

/** Told what happens, as it happens. */
export interface DemoEvents {
  onScene(report: SceneReport): void;
  /** How far something is that takes a while. */
  onProgress(line: string): void;
  onBalances(when: 'before' | 'after', balances: readonly BalanceBody[]): void;
  onAudit(audit: Audit): void;
}

/** Runs every scene over a running stack and gives all that was done and seen. */
export async function runDemo(stack: Stack, events: DemoEvents) {
  const database = createDatabase({
    url: stack.readerUrl,
    poolMax: 2,
    applicationName: 'holdfast-demo',
  });
  try {
    const world = await createDemoWorld(stack, createReads(database));
    const reports: SceneReport[] = [];
    const scene = async (playing: Promise<SceneReport>) => {
      const report = await playing;
      reports.push(report);
      events.onScene(report);
      return report;
    };
    await scene(scenes.openAccounts(world));
    events.onBalances('before', await balances(world));
    await scene(scenes.twentyAtOnce(world));
    await scene(scenes.declined(world));
    await scene(scenes.insufficientFunds(world));
    const transfer = await scene(scenes.transfer(world));
    await scene(scenes.sameKey(world));
    // These two wait for the provider, so they go on while the worker is killed.
    const doubts = Promise.all([scene(scenes.lostAnswer(world)), scene(scenes.parked(world))]);
    await Promise.all([doubts, scene(scenes.workerKilled(world))]);
    await scene(doubtScenes.captureLost(world));
    await scene(doubtScenes.refundLost(world));
    await scene(doubtScenes.lateSuccess(world));
    await scene(rideScenes.rideCompleted(world));
    await scene(rideScenes.rideCancelled(world));
    const noticed = await scene(noticeScenes.noticeFallsBack(world));
    await scene(doubtScenes.breakerOpens(world));
    await scene(uploadKilled(world, events.onProgress));
    events.onBalances('after', await balances(world));
    const audited = await audit(
      world,
      [...transfer.operations, ...noticed.operations].map(({ opId }) => opId),
    );
    events.onAudit(audited);
    const failed = [...reports.flatMap(({ checks }) => checks), ...audited.checks].filter(
      ({ holds }) => !holds,
    );
    return { tenant: world.tenant, reports, audit: audited, failed };
  } finally {
    await database.close(1_000);
  }
}
