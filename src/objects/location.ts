/** What `OBJECT_STORE` can say. */
export type ObjectStoreLocation =
  | { readonly kind: 'file'; readonly folder: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** Another server than that of AWS. */
      readonly endpoint?: string;
      readonly region?: string;
    };

/** Reads `file:FOLDER` or `s3://BUCKET?endpoint=URL&region=NAME`; undefined for anything else. */
export function objectStoreLocation(given: string): ObjectStoreLocation | undefined {
  if (/^file:[^?#]/.test(given)) return { kind: 'file', folder: given.slice('file:'.length) };
  const [, bucket, query = ''] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/?(?:\?(.*))?$/.exec(given) ?? [];
  if (bucket === undefined) return undefined;
  const settings = new URLSearchParams(query);
  const endpoint = settings.get('endpoint') ?? undefined;
  const region = settings.get('region') ?? undefined;
  const known = [...settings.keys()].every((name) => name === 'endpoint' || name === 'region');
  if (!known || (endpoint !== undefined && !/^https?:\/\/[^/?#@]+\/?$/.test(endpoint)))
    return undefined;
  return {
    ...{ kind: 's3', bucket },
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
  };
}
