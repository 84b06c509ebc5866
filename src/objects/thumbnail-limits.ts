/** Both sides of a thumbnail, in pixels, at most. */
export const sidePixelsMax = 300;
/** Of an image; one with more is not decoded. Four such at once need some 2 GB at worst. */
export const pixelsMax = 100_000_000;
/** What the decoding process ends with where there is no thumbnail. */
export const exitCodes = { tooLarge: 3, notAnImage: 4 } as const;
