import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { joinedBy, type Wanted } from './names.js';
import { renamed, rendered, renderedService } from './template.js';

/** A file that belongs to one operation alone. */
export interface Artefact {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

const folder = fileURLToPath(new URL('./templates/', import.meta.url));
const ofDoor = /^(src\/(gateway|main)|test\/gateway)\//;
const ofService = 'src/providers/acme-service.ts';

/** The files of an operation, and of the services that are new. */
export function artefactsOf(wanted: Wanted, services: readonly string[]): readonly Artefact[] {
  const templates = filesIn('').filter((path) => wanted.http || !ofDoor.test(path));
  return templates.flatMap((path) => {
    const template = readFileSync(join(folder, path), 'utf8');
    if (path !== ofService) {
      return [{ path: renamed(path, wanted.names), text: rendered(template, wanted) }];
    }
    return services.map((service) => ({
      path: path.replace('acme-service', joinedBy('-', service)),
      text: renderedService(template, service),
    }));
  });
}

/** Where somebody has to write something: `path:line`, and what. */
export function placesToFill({ path, text }: Artefact): readonly string[] {
  return text.split('\n').flatMap((line, index) => {
    const [, what] = /to fill: (.*?)(?: \*\/)?$/.exec(line) ?? [];
    return what === undefined ? [] : [`${path}:${index + 1}  ${what}`];
  });
}

function filesIn(under: string): readonly string[] {
  return readdirSync(join(folder, under), { withFileTypes: true })
    .flatMap((entry) => {
      const path = under === '' ? entry.name : `${under}/${entry.name}`;
      return entry.isDirectory() ? filesIn(path) : [path];
    })
    .toSorted();
}
