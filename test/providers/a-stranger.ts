import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** Somebody who listens with a certificate of his own making. `asked` counts requests. */
export async function aStranger(): Promise<{ url: string; asked(): number }> {
  let asked = 0;
  const server = createServer({ key, cert }, (_request, response) => {
    asked += 1;
    response.writeHead(201).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `https://127.0.0.1:${port}`, asked: () => asked };
}

// Made for this and trusted by nobody:
// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500
//   -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgwOIFvc1wERdmXgat
j7SF07mSXp2cCtN2LAKCz9I9X4WhRANCAATBz7+7I6MT+rhg5W0SqkxnIy3Zc1Tj
mFiXFj8f1req9tPomsFxRVeB90LoGoVBlyXxUUCCKrl8MFSFTrsMWkv0
-----END PRIVATE KEY-----
`;
const cert = `-----BEGIN CERTIFICATE-----
MIIBkDCCATagAwIBAgIUNKIt1tdDiOmKfxug5dxOXpr69yMwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTEyNDQyOFoYDzIxMjYxMDI4
MTI0NDI4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATBz7+7I6MT+rhg5W0SqkxnIy3Zc1TjmFiXFj8f1req9tPomsFxRVeB
90LoGoVBlyXxUUCCKrl8MFSFTrsMWkv0o2QwYjAdBgNVHQ4EFgQUtDPM7DkNgoJ8
8fnFI+leEnKOGUowHwYDVR0jBBgwFoAUtDPM7DkNgoJ88fnFI+leEnKOGUowDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0gAMEUC
ICgYcULFdexnSlbEBLeGRkryzEohcfdbjgsMAzjdYQ3hAiEAl5YA2ueminrfl7fG
jgx4LSv/FgyuPQ8wurH43R3QOjI=
-----END CERTIFICATE-----
`;
