import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** The repository's own file at this path. */
export function repositoryFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

/** The rules that are deployed to Prometheus. */
export function alertRules(): readonly AlertRule[] {
  const folder = repositoryFile('deploy/prometheus');
  return readdirSync(folder).flatMap((name) => {
    const text = readFileSync(`${folder}/${name}`, 'utf8');
    const { groups } = parse(text) as { groups: readonly { rules: readonly AlertRule[] }[] };
    return groups.flatMap(({ rules }) => rules);
  });
}

/** The expressions of every panel of every dashboard. */
export function dashboardExpressions(): readonly string[] {
  const folder = repositoryFile('deploy/grafana');
  return readdirSync(folder).flatMap((name) => {
    const { panels } = JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as {
      panels: readonly { targets: readonly { expr: string }[] }[];
    };
    return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  });
}
