import { ConfigError } from '../../src/main/config-reader.js';

export const oldKey = Buffer.alloc(32, 1);
export const newKey = Buffer.alloc(32, 2);
/** Enough for every process. */
export const enough = {
  HOME: '/nowhere',
  DATABASE_URL: 'postgres://holdfast_worker:hunter2@db:5432/holdfast',
  SANDBOX_PSP_URL: 'http://psp:3010/',
  AUTH_ISSUER: 'https://login.example.com/',
  AUTH_AUDIENCE: 'holdfast',
  AUTH_JWKS_URL: 'https://login.example.com/jwks.json',
  PAYLOAD_KEYS: `new:${newKey.toString('base64')},old:${oldKey.toString('base64')}`,
};

/** What a configuration refuses. */
export function mistakesOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}
