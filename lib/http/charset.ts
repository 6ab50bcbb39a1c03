import { isUtf8 } from 'node:buffer';
import { httpErrors } from './errors';

/** What iconv-lite takes for a charset and is none, or none that a client has a reason to send. */
const NO_CHARSETS = /^(base64|hex|binary|internal|ucs-?2|utf-?7|utf-?7-?imap|cesu-?8)$/;

/**
 * Decodes bytes of a body. UTF-8 and what the Encoding Standard knows is decoded by the platform, the rest by iconv-lite.
 *
 * In: `kind` for messages; `charset` in lower case.
 * Fails with: BODY_MALFORMED for bytes that the charset does not have, BODY_TYPE_UNSUPPORTED for a charset nobody knows.
 */
export function decodeText(kind: string, bytes: Buffer, charset: string): string {
  if (charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii') {
    if (!isUtf8(bytes)) throw httpErrors.BODY_MALFORMED({ kind, reason: 'it is not UTF-8' });
    return bytes.toString('utf8');
  }
  const text = decodeOther(bytes, charset);
  // What is cut off at the end is replaced, not refused, by either of them.
  if (text === undefined || (text.includes('\ufffd') && !charset.startsWith('utf-16'))) {
    throw httpErrors.BODY_MALFORMED({ kind, reason: `it is not ${charset}` });
  }
  return text;
}

/** `undefined`: the bytes are not in that charset. */
function decodeOther(bytes: Buffer, charset: string): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_ENCODING_NOT_SUPPORTED' ? decodeRare(bytes, charset) : undefined;
  }
}

function decodeRare(bytes: Buffer, charset: string): string {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- hardly anybody needs it, and its tables are large
  const iconv = require('iconv-lite') as typeof import('iconv-lite');
  if (NO_CHARSETS.test(charset) || !iconv.encodingExists(charset)) {
    throw httpErrors.BODY_TYPE_UNSUPPORTED({ expected: 'a known charset, such as utf-8', got: `charset ${charset}` });
  }
  return iconv.decode(bytes, charset);
}
