/** What a scanner says of bytes. */
export type ScanVerdict =
  | { readonly kind: 'clean' }
  | { readonly kind: 'infected'; readonly signature: string }
  /** The scanner looks at nothing of that size: nobody knows, and asking again changes nothing. */
  | { readonly kind: 'too-large' };

/** Looks for what must not be passed on. */
export interface Scanner {
  /** Of all the bytes. Whatever is no verdict throws: the same call later may give one. */
  scan(bytes: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<ScanVerdict>;
}
