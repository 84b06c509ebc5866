/** A server that speaks S3, with an empty bucket. */
export interface S3Server {
  readonly endpoint: string;
  readonly bucket: string;
  stop(): Promise<void>;
}

/** What these servers take, where every program of AWS looks for it. */
export const awsCredentials = {
  AWS_ACCESS_KEY_ID: 'holdfast-test',
  AWS_SECRET_ACCESS_KEY: 'holdfast-test-secret',
} as const;
