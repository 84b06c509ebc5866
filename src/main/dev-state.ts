import { fileURLToPath } from 'node:url';
import { findIssuer, type Issuer } from '../servers/issuer.js';
import { tokenConfig } from './config.js';

/** Where `dev` keeps everything: in the checkout, and the same from `src` and from `dist`. */
export const devStateDir = fileURLToPath(new URL('../../.holdfast', import.meta.url));

/** The tenant of development tokens that name none. */
export const devTenant = 'default';

/** The issuer whose tokens the gateway of `dev` takes; undefined when `dev` never ran here. */
export function devIssuer(): Promise<Issuer | undefined> {
  return findIssuer({ dir: devStateDir, ...tokenConfig() });
}
