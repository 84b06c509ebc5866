import { testConfig } from '../../src/main/config.js';
import { startPostgres } from '../../src/servers/index.js';
import { migrate } from '../../src/database/index.js';
import { seenBy } from '../support/database.js';
import { openLane } from './lane.js';
import { buildProduct } from './product.js';
import { createPlayer } from './seed.js';
const config = testConfig();
const server = await startPostgres({ cacheDir: config.cacheDir, onProgress: () => {}, keep: false, settings: { fsync: 'off' } });
const pw = 'x'.repeat(32);
await migrate({ url: server.url, folder: 'drizzle', roles: { worker: { password: pw }, reader: { password: pw } } });
const database = seenBy(server.url, { worker: pw, reader: pw }, async () => {});
try {
  const lane = await openLane(database);
  const play = createPlayer(lane, await buildProduct());
  const from = Number(process.env.FROM ?? 1), count = Number(process.env.COUNT ?? 20);
  const t = performance.now();
  const kinds = new Map<string, number[]>();
  let ops = 0, steps = 0;
  for (let seed = from; seed < from + count; seed++) {
    const ts = performance.now(); if (process.env.EACH) process.stderr.write(`${seed} `);
    const played = await play(seed); if (process.env.EACH) process.stderr.write(`${(performance.now() - ts) | 0}ms ${played.trace.length}\n`);
    ops += played.operations; steps += played.trace.length;
    for (const w of played.wrong) { const k = w.replace(/op_[a-z2-7]+/g, 'OP').replace(/\d+/g,'N'); kinds.set(k, [...(kinds.get(k) ?? []), seed]); }
    if (process.env.SHOW) console.log(played.wrong.join('\n') + '\n' + played.trace.join('\n'));
  }
  console.log([...kinds].sort((a,b)=>b[1].length-a[1].length).map(([k, s]) => `${s.length}x ${k} (${s.slice(0,4)})`).join('\n'));
  console.log(count, 'seeds', ops, 'ops', steps, 'lines', (performance.now() - t) | 0, 'ms');
  const t2 = performance.now();
  await database.owner.unsafe('analyze');
  const v = await database.owner`select name, count(*), min(subject) from ledger.violations_v1(null, null, null, null, interval '10 years') group by 1`;
  console.log(JSON.stringify(v), (performance.now() - t2) | 0, 'ms');
  await lane.close();
} catch (e) { console.log("THROWN", e); process.exitCode = 1; } finally { setTimeout(() => process.exit(1), 4000);
  await server.stop();
  process.exit(0);
}
