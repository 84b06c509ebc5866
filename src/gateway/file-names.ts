/** What a path, a shell, a header or an old file system takes for something else. */
const harmful = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}/\\:*?"<>|\u2044\u2215\uFF0F\uFF3C]/gu;
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
const lengthMax = 200;

/**
 * A name that a browser may save a file under: no path, nothing that is hidden or reversed,
 * nothing that is a device. It is only ever told, never used here.
 */
export function safeNameOf(name: string, otherwise: string): string {
  const signs = Array.from(name.normalize('NFC').replaceAll(harmful, '_'));
  const plain = signs.slice(0, lengthMax).join('');
  const named = plain.replace(/^[\s.\-_]+/, '').replace(/[\s.]+$/, '');
  if (named === '') return otherwise;
  return reserved.test(named) ? `_${named}` : named;
}

/** `Content-Disposition` of a file that is saved, never shown (RFC 6266, RFC 8187). */
export function attachmentOf(name: string): string {
  const ascii = name.replaceAll(/[^\w .()[\]-]/g, '_');
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
