import { createHash, timingSafeEqual as sameBytes } from 'node:crypto';

/**
 * Whether two texts are the same, in a time that tells nothing of how much of them is: for tokens, signatures, passwords
 * of machines.
 *
 * In: two texts, compared as UTF-8; they may differ in length.
 */
export function timingSafeEqual(one: string, other: string): boolean {
  return sameBytes(digestOf(one), digestOf(other));
}

/** Of one length whatever the text is. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
