import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defaultLadderMs } from '../../src/domain/index.js';
import {
  childEnvironment,
  cliConfig,
  devConfig,
  environmentVariables,
  gatewayConfig,
  sandboxConfig,
  testConfig,
  tokenConfig,
  workerConfig,
} from '../../src/main/config.js';
import { exampleFile } from '../../src/main/config-reader.js';
import { variables } from '../../src/main/config-variables.js';
import { enough, mistakesOf, newKey, oldKey } from './an-environment.js';

describe('configuration', () => {
  test('reads what each process needs and freezes it', () => {
    const gateway = gatewayConfig(enough);
    const worker = workerConfig({ ...enough, DOUBT_LADDER: '50ms, 1s,2m,3h,1d' });

    expect(gateway).toMatchObject({
      port: 3000,
      approvalAbove: null,
      temporal: { namespace: 'default' },
    });
    expect(gateway.database).toMatchObject({ poolMax: 10, migrateUrl: enough.DATABASE_URL });
    expect(worker.provider).toEqual({
      name: 'sandbox',
      baseUrl: 'http://psp:3010',
      requestTimeoutMs: 10_000,
      ladderMs: [50, 1_000, 120_000, 10_800_000, 86_400_000],
    });
    expect(Object.isFrozen(gateway.database) && Object.isFrozen(worker.provider.ladderMs)).toBe(
      true,
    );
  });

  test('seals with the first payload key, opens with all and digests with the last', () => {
    const { seal, open, digest } = workerConfig(enough).payloadKeys;

    expect(seal).toEqual({ id: 'new', key: Uint8Array.from(newKey) });
    expect(digest).toEqual({ id: 'old', key: Uint8Array.from(oldKey) });
    expect(open).toEqual([seal, digest]);
  });

  test('asks for nothing to develop and test, and for no database in the sandbox', () => {
    expect(devConfig({}).provider.ladderMs).toEqual(defaultLadderMs);
    expect(sandboxConfig({})).toMatchObject({ port: 3010, visibilityDelayMs: 0 });
    expect(tokenConfig({})).toEqual({ issuer: 'holdfast-development', audience: 'holdfast' });
    expect(testConfig({ XDG_CACHE_HOME: '/var/cache' }).cacheDir).toBe('/var/cache/holdfast');
    expect(testConfig({ HOLDFAST_CACHE: '/x', DATABASE_URL: '' })).toEqual({ cacheDir: '/x' });
  });

  test('has the sandbox send events where there is a URL and a secret to sign with', () => {
    const url = 'http://gateway:3000/v1/webhooks/sandbox';
    const secret = `whsec_${newKey.toString('base64')}`;
    const both = { SANDBOX_PSP_WEBHOOK_URL: url, SANDBOX_PSP_WEBHOOK_SECRET: secret };

    expect(sandboxConfig(both).webhooks).toEqual({ url, secret });
    expect(sandboxConfig({ SANDBOX_PSP_WEBHOOK_SECRET: secret }).webhooks).toBeUndefined();
    for (const wrong of ['', 'hunter2', 'whsec_', 'whsec_aHVudGVyMg==', `${secret}=`]) {
      const mistakes = mistakesOf(() =>
        sandboxConfig({ ...both, SANDBOX_PSP_WEBHOOK_SECRET: wrong }),
      );
      expect(mistakes).toEqual([expect.stringMatching(/^SANDBOX_PSP_WEBHOOK_SECRET (is|must) /)]);
    }
  });

  test('takes the Temporal settings that every Temporal program takes', () => {
    const { temporal } = workerConfig({
      ...enough,
      TEMPORAL_ADDRESS: 'temporal:7233',
      TEMPORAL_NAMESPACE: 'money',
      TEMPORAL_API_KEY: 'sesame',
    });

    expect(temporal).toMatchObject({
      namespace: 'money',
      taskQueue: 'holdfast',
      connection: { address: 'temporal:7233', apiKey: 'sesame', tls: true },
    });
  });

  test('reports every mistake together, and no value of any', () => {
    const wrong = {
      HOME: '/nowhere',
      PORT: 'secret-port',
      DATABASE_URL: 'mysql://root:hunter2@db/holdfast',
      PAYLOAD_KEYS: 'k1:c2hvcnQtc2VjcmV0',
      AUTH_ISSUER: '',
      AUTH_JWKS_URL: 'login.example.com',
      TEMPORAL_TLS: 'please',
      LOG_LEVEL: 'loud',
    };

    const mistakes = mistakesOf(() => gatewayConfig(wrong));
    expect(mistakes.map((line) => line.replace(/ .*/, '')).toSorted()).toEqual([
      'AUTH_AUDIENCE',
      'AUTH_ISSUER',
      'AUTH_JWKS_URL',
      'DATABASE_URL',
      'LOG_LEVEL',
      'PAYLOAD_KEYS',
      'PORT',
      'TEMPORAL_TLS',
    ]);
    expect(mistakes.join('\n')).not.toMatch(/secret-port|hunter2|c2hvcnQ|please|loud/);
    expect(mistakes).toContain(
      'PORT must be a whole number from 0 to 65535; write for example PORT=3000',
    );
  });

  test.each([
    ['HEALTH_PORT', '65536'],
    ['HEALTH_PORT', '-1'],
    ['HEALTH_PORT', '30.5'],
    ['HEALTH_PORT', '0x10'],
    ['HEALTH_PORT', ' 3000'],
    ['HOST', 'example.com'],
    ['METRICS_PORT', '0'],
    ['METRICS_PORT', 'none'],
    ['DATABASE_URL', 'postgres://db:5432'],
    ['DATABASE_URL', 'localhost'],
    ['DATABASE_POOL_MAX', '0'],
    ['DATABASE_CONNECT_RETRY_MAX_MS', '10'],
    ['PAYMENT_PROVIDER', 'adyen'],
    ['PROVIDER_TIMEOUT_MS', '99'],
    ['PROVIDER_TIMEOUT_MS', '60001'],
    ['DOUBT_LADDER', '1'],
    ['DOUBT_LADDER', '0s'],
    ['DOUBT_LADDER', '8d'],
    ['DOUBT_LADDER', '1s,,2s'],
    ['DOUBT_LADDER', Array.from({ length: 21 }, () => '1s').join(',')],
    ['SANDBOX_PSP_URL', 'ftp://psp'],
    ['SANDBOX_PSP_URL', 'http://user:hunter2@psp'],
    ['PAYLOAD_KEYS', newKey.toString('base64')],
    ['PAYLOAD_KEYS', `k1:${Buffer.alloc(31).toString('base64')}`],
    ['PAYLOAD_KEYS', `k1:${newKey.toString('base64')},k1:${oldKey.toString('base64')}`],
    ['TEMPORAL_CONFIG_FILE', '/nowhere/temporal.toml'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
  ])('refuses %s=%s', (name, value) => {
    const mistakes = mistakesOf(() => workerConfig({ ...enough, [name]: value }));

    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toMatch(new RegExp(`^${name} (must|names) `));
  });

  test.each(['-1', '12.50', 'on'])('tells a gateway that APPROVAL_AMOUNT=%s is none', (value) => {
    const mistakes = mistakesOf(() => gatewayConfig({ ...enough, APPROVAL_AMOUNT: value }));

    expect(mistakes).toEqual([expect.stringMatching(/^APPROVAL_AMOUNT must be .*, or off/)]);
  });

  test('refuses half a client certificate and an unknown profile', () => {
    const half = { ...enough, TEMPORAL_TLS_CLIENT_CERT_PATH: '/etc/tls.crt' };
    const profile = { ...enough, TEMPORAL_PROFILE: 'elsewhere' };

    expect(mistakesOf(() => workerConfig(half))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^TEMPORAL_TLS_CLIENT_KEY_PATH is missing/)]),
    );
    expect(mistakesOf(() => workerConfig(profile))).toEqual([
      "TEMPORAL_* settings cannot be used: Profile 'elsewhere' not found in config data",
    ]);
  });

  test('quotes nothing of a profile file that it cannot read', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'holdfast-')), 'temporal.toml');
    writeFileSync(file, '[profile.default]\napi_key = "hunter2" oops\n');

    const mistakes = mistakesOf(() => workerConfig({ ...enough, TEMPORAL_CONFIG_FILE: file }));
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toMatch(/^TEMPORAL_\* settings cannot be used: /);
    expect(mistakes[0]).not.toContain('hunter2');
  });

  test('has no fallback for a secret', () => {
    const secrets = Object.entries(variables).filter(([, one]) => /a secret/i.test(one.doc));

    expect(secrets.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        'PAYLOAD_KEYS',
        'SANDBOX_PSP_WEBHOOK_SECRET',
        'STRIPE_API_KEY',
        'STRIPE_WEBHOOK_SECRET',
        'TEMPORAL_API_KEY',
        'HOLDFAST_TOKEN',
      ]),
    );
    for (const [, variable] of secrets) expect(variable).not.toHaveProperty('fallback');
    expect(mistakesOf(() => cliConfig({}))).toEqual(['HOLDFAST_TOKEN is missing']);
  });

  test('lists every variable in the example file, each one read by config.ts', () => {
    const config = ['config', 'config-notices', 'config-objects', 'config-provider', 'config-sinks']
      .map((name) => readFileSync(`src/main/${name}.ts`, 'utf8'))
      .join();

    expect(readFileSync('.env.example', 'utf8')).toBe(exampleFile(variables));
    expect(environmentVariables).toEqual(Object.keys(variables));
    // The library reads the rest of Temporal's own.
    const ours = environmentVariables.filter((name) => !name.startsWith('TEMPORAL_'));
    for (const name of ours) expect(config).toContain(`'${name}'`);
  });

  test('hands a child its own variables on top of ours, and takes away what is undefined', () => {
    const child = childEnvironment({ PORT: '1', PATH: undefined });

    expect(child.PORT).toBe('1');
    expect(child).not.toHaveProperty('PATH');
    expect(child.VITEST).toBe('true');
  });

  test('exits with 1 and the mistakes on stderr, taking what is set over the .env file', () => {
    const cwd = mkdtempSync(join(tmpdir(), 'holdfast-'));
    writeFileSync(join(cwd, '.env'), 'PORT=70000\nLOG_LEVEL=debug\n');
    const config = new URL('../../src/main/config.ts', import.meta.url).href;
    const code = `import(${JSON.stringify(config)}).then(({ orExit, devConfig }) => {
      const { port, telemetry } = orExit(devConfig);
      console.log(port, telemetry.logLevel);
    })`;
    const node = ['--import', import.meta.resolve('tsx'), '--eval', code];

    const wrong = spawnSync(process.execPath, node, { cwd, env: {}, encoding: 'utf8' });
    expect(wrong).toMatchObject({ status: 1, stdout: '' });
    expect(wrong.stderr).toMatch(/^The environment has a mistake:\n {2}PORT must be /);

    const right = spawnSync(process.execPath, node, { cwd, env: { PORT: '1' }, encoding: 'utf8' });
    expect(right).toMatchObject({ status: 0, stdout: '1 debug\n', stderr: '' });
  });
});
