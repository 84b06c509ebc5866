import { migrate } from '../../src/database/index.js';

// One of several processes that start at once: migrates, and prints what it was that it applied.
const [url = '', folder = ''] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await migrate({ url, folder })));
