import { databaseNemeses } from './nemeses-database.js';
import { processNemeses } from './nemeses-processes.js';
import { providerNemeses } from './nemeses-provider.js';
import type { Nemesis } from './nemesis.js';

const all = { ...databaseNemeses, ...processNemeses, ...providerNemeses };
export type NemesisName = keyof typeof all;

/** Every kind of fault, by the name that `--only` takes. */
export const nemeses: Readonly<Record<NemesisName, Nemesis>> = all;

/** Every name. */
export const nemesisNames = Object.keys(all) as NemesisName[];
