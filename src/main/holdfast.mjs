#!/usr/bin/env node
// The command line: what was built when there is a build, else the source itself.
import { existsSync } from 'node:fs';

const built = new URL('../../dist/main/cli.js', import.meta.url);
if (existsSync(built)) {
  await import(built.href);
} else {
  const { register } = await import('tsx/esm/api');
  register();
  await import('./cli.ts');
}
