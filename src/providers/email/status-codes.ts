/** RFC 3463: 5.1.x is about the address, but for the sender's; 5.2.1 is a closed mailbox. */
export function isAboutAddress(enhanced: string): boolean {
  return /^5\.(1\.(?![78]$)\d{1,3}|2\.1)$/.test(enhanced);
}
