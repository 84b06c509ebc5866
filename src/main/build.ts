import { fileURLToPath } from 'node:url';
import { bundleWorkflows } from './bundle-workflows.js';

// The last step of `npm run build`: a worker of production runs the workflows that were built.
const target = fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url));
const length = await bundleWorkflows(target);
process.stdout.write(`${target}, ${Math.round(length / 1_024)} KiB\n`);
process.exit(0);
