import { timingSafeEqual } from 'node:crypto';
import { hmacSha256Hex } from '../domain/index.js';
import { problem } from './problems.js';

const form = /^[1-9]\d{0,15}$/;

/** Cursors of a list: where a page ended, readable for us alone and good for one tenant. */
export interface Cursors {
  /** The cursor after the row of this number. */
  write(tenant: string, row: number): string;
  /** The number of that row; throws the problem for a cursor that we did not give this tenant. */
  read(tenant: string, cursor: string): number;
}

/** Cursors signed with a key that stays. */
export function createCursors(key: string): Cursors {
  const sign = (tenant: string, row: string) =>
    hmacSha256Hex(`cursor:${key}`, JSON.stringify([tenant, row])).slice(0, 32);
  return {
    write: (tenant, row) =>
      Buffer.from(`${row}.${sign(tenant, String(row))}`).toString('base64url'),
    read: (tenant, cursor) => {
      const [row = '', mac = ''] = Buffer.from(cursor, 'base64url').toString('latin1').split('.');
      const expected = Buffer.from(sign(tenant, row));
      const given = Buffer.from(mac);
      const isOurs =
        form.test(row) && given.length === expected.length && timingSafeEqual(given, expected);
      if (!isOurs) throw problem('cursor-invalid');
      return Number(row);
    },
  };
}
