import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

/** How many search attributes of each type a namespace can have on a SQL store. */
const SEARCH_ATTRIBUTES_MAX = {
  Keyword: 10,
  Text: 3,
  Int: 3,
  Double: 3,
  Bool: 3,
  Datetime: 3,
  KeywordList: 3,
} as const;

export type SearchAttributeType = keyof typeof SEARCH_ATTRIBUTES_MAX;

/** What `temporal-dev.yaml` says, checked. */
export interface TemporalConfig {
  readonly namespace: string;
  readonly retentionHours: number;
  readonly searchAttributes: Readonly<Record<string, SearchAttributeType>>;
  readonly ports: { readonly frontend: number; readonly ui: number };
  readonly dynamicConfig: Readonly<Record<string, unknown>>;
  readonly sqlitePragmas: Readonly<Record<string, string>>;
}

type Fields = Record<string, unknown>;
type Faults = string[];

/**
 * The configuration of the development server.
 * @throws Error that lists every mistake in the file, or says that it cannot be read.
 */
export async function readTemporalConfig(file: string): Promise<TemporalConfig> {
  return parseTemporalConfig(await readFile(file, 'utf8'), file);
}

/** As {@link readTemporalConfig}, from the text; `name` is what messages call the file. */
export function parseTemporalConfig(text: string, name: string): TemporalConfig {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw new Error(`${name} is not YAML: ${(error as Error).message}`, { cause: error });
  }
  const faults: Faults = [];
  const root = section(document, name, faults);
  const known = [
    'namespace',
    'retention',
    'searchAttributes',
    'ports',
    'dynamicConfig',
    'sqlitePragmas',
  ];
  for (const key of Object.keys(root)) {
    if (!known.includes(key)) faults.push(`${key}: unknown (one of ${known.join(', ')})`);
  }
  const ports = section(root['ports'], 'ports', faults);
  const config: TemporalConfig = {
    namespace: namespaceName(root['namespace'], faults),
    retentionHours: hours(root['retention'], faults),
    searchAttributes: attributes(
      section(root['searchAttributes'], 'searchAttributes', faults),
      faults,
    ),
    ports: {
      frontend: port(ports['frontend'], 'ports.frontend', faults),
      ui: port(ports['ui'], 'ports.ui', faults),
    },
    dynamicConfig: section(root['dynamicConfig'] ?? {}, 'dynamicConfig', faults),
    sqlitePragmas: pragmas(section(root['sqlitePragmas'] ?? {}, 'sqlitePragmas', faults), faults),
  };
  if (config.ports.frontend === config.ports.ui) faults.push('ports: frontend and ui are the same');
  if (faults.length > 0) throw new Error(`${name} has mistakes:\n- ${faults.join('\n- ')}`);
  return config;
}

function section(value: unknown, path: string, faults: Faults): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  faults.push(`${path}: must be a mapping`);
  return {};
}

function namespaceName(value: unknown, faults: Faults): string {
  if (typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(value)) return value;
  faults.push('namespace: must be 2 to 255 letters, digits, dots, dashes or underscores');
  return '';
}

function hours(value: unknown, faults: Faults): number {
  const [, count, unit] = /^(\d{1,5})([hd])$/.exec(String(value)) ?? [];
  const total = Number(count) * (unit === 'd' ? 24 : 1);
  if (total >= 24) return total;
  faults.push('retention: must be hours or days such as 72h or 3d, and one day at least');
  return 0;
}

function attributes(fields: Fields, faults: Faults): Record<string, SearchAttributeType> {
  const types = Object.keys(SEARCH_ATTRIBUTES_MAX) as SearchAttributeType[];
  const checked: Record<string, SearchAttributeType> = {};
  for (const [key, value] of Object.entries(fields)) {
    const type = types.find((known) => known === value);
    if (!/^[A-Za-z][A-Za-z0-9_]{0,62}$/.test(key)) {
      faults.push(`searchAttributes.${key}: must be letters, digits and underscores`);
    } else if (type === undefined) {
      faults.push(`searchAttributes.${key}: must be one of ${types.join(', ')}`);
    } else {
      checked[key] = type;
    }
  }
  for (const type of types) {
    const count = Object.values(checked).filter((used) => used === type).length;
    const max = SEARCH_ATTRIBUTES_MAX[type];
    if (count > max) faults.push(`searchAttributes: ${count} of type ${type}, at most ${max}`);
  }
  return checked;
}

function port(value: unknown, path: string, faults: Faults): number {
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535)
    return Number(value);
  faults.push(`${path}: must be a port between 1 and 65535`);
  return 0;
}

function pragmas(fields: Fields, faults: Faults): Record<string, string> {
  const checked: Record<string, string> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (typeof value === 'string' || typeof value === 'number') checked[key] = String(value);
    else faults.push(`sqlitePragmas.${key}: must be a word or a number`);
  }
  return checked;
}
