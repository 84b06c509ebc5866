import { startMoto } from '../support/moto/start-moto.js';
import { awsCredentials, type S3Server } from '../support/s3-server.js';
import { startVersitygw } from '../support/versitygw/start-versitygw.js';
import { objectStoreConformance } from './conformance.js';

Object.assign(process.env, awsCredentials);

objectStoreConformance('S3, as versitygw serves it,', () => placeOn(startVersitygw()));
objectStoreConformance('S3, as moto simulates it,', async () => ({
  ...(await placeOn(startMoto())),
  forgetsMoments: true,
}));

async function placeOn(starting: Promise<S3Server>) {
  const { endpoint, bucket, stop } = await starting;
  return { location: { kind: 's3' as const, endpoint, bucket }, close: stop };
}
