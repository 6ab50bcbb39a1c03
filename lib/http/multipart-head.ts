import { isUtf8 } from 'node:buffer';
import { charsetOf, mediaTypeOf, parseParameters } from './content-type';
import { httpErrors } from './errors';
import type { MultipartLimits } from './multipart-limits';

/** What the header section of a part says (RFC 7578 §4). */
export interface PartHead {
  readonly fieldname: string;
  readonly isFile: boolean;
  /** The last segment of what the client sent, without control characters; empty when there is none. */
  readonly filename: string;
  readonly mimeType: string;
  readonly charset: string;
}

/** Header lines as the parser gives them: bytes as characters, by name in lower case. */
export type PartLines = Readonly<Record<string, readonly string[] | undefined>>;

/** Fails with: BODY_MALFORMED, BODY_ENCODING_UNSUPPORTED, MULTIPART_HEADERS_TOO_LARGE. */
export function readPartHead(lines: PartLines, { maxHeaderPairs, headerLimitBytes }: MultipartLimits): PartHead {
  checkSize(lines, maxHeaderPairs, headerLimitBytes);
  const { 'content-disposition': dispositions, 'content-type': [type] = [], 'content-transfer-encoding': [coding] = [] } = lines;
  if (dispositions?.length !== 1) throw malformedPart('a part has no Content-Disposition, or more than one');
  // RFC 7578 §4.7: over HTTP nothing is encoded for the way; what is would be stored as it is not.
  if (coding !== undefined && !/^\s*(7bit|8bit|binary)\s*$/i.test(coding)) {
    throw httpErrors.BODY_ENCODING_UNSUPPORTED({ coding: `${coding.slice(0, 40)} of a part` });
  }
  const disposition = parseParameters(toText(dispositions[0]));
  const name = disposition?.parameters.get('name');
  if (disposition?.value !== 'form-data' || name === undefined) {
    throw malformedPart('the Content-Disposition of a part is not form-data with a name');
  }
  const { parameters } = disposition;
  const filename = readExtended(parameters.get('filename*')) ?? unescapeName(parameters.get('filename'));
  const mimeType = mediaTypeOf(type) || (filename === undefined ? 'text/plain' : 'application/octet-stream');
  return {
    fieldname: unescapeName(name),
    // A file without a name of its own is known by its type alone (RFC 7578 §4.2).
    isFile: filename !== undefined || mimeType === 'application/octet-stream',
    filename: toPlainFilename(filename ?? ''),
    mimeType,
    charset: charsetOf(type),
  };
}

/** The parser is given twice the room, so that what it cuts off is over the limit all the same. */
function checkSize(lines: PartLines, maxPairs: number, limitBytes: number): void {
  let pairs = 0;
  let bytes = 0;
  for (const [name, values = []] of Object.entries(lines)) {
    pairs += values.length;
    for (const value of values) bytes += name.length + value.length + 4;
  }
  if (pairs > maxPairs) throw httpErrors.MULTIPART_HEADERS_TOO_LARGE({ limit: `${maxPairs} lines` });
  if (bytes > limitBytes) throw httpErrors.MULTIPART_HEADERS_TOO_LARGE({ limit: `${limitBytes} bytes` });
}

export function malformedPart(reason: string): Error {
  return httpErrors.BODY_MALFORMED({ kind: 'multipart/form-data', reason });
}

/** Names are UTF-8 (RFC 7578 §5.1.2); what is not is taken for Latin-1, as old clients mean it. */
function toText(line: string): string {
  const bytes = Buffer.from(line, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : line;
}

/** How browsers escape what would end a name (WHATWG HTML, multipart/form-data encoding algorithm); they escape nothing else. */
function unescapeName(name: string): string;
function unescapeName(name: string | undefined): string | undefined;
function unescapeName(name: string | undefined): string | undefined {
  return name?.replace(/%0d/gi, '\r').replace(/%0a/gi, '\n').replaceAll('%22', '"');
}

/** `UTF-8''na%C3%AFve.txt` (RFC 5987), which nobody should send here and some do; `undefined` when it is none. */
function readExtended(value: string | undefined): string | undefined {
  const encoded = value === undefined ? undefined : /^utf-8'[^']*'(.*)$/i.exec(value)?.[1];
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

const LONGEST_FILENAME = 255;

/** Control characters, and those that turn the direction of text, so that one name looks like another. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** No path, no control characters, not too long for a file system; empty when nothing is left. */
function toPlainFilename(filename: string): string {
  const segment = filename.slice(Math.max(filename.lastIndexOf('/'), filename.lastIndexOf('\\')) + 1);
  const plain = segment.replace(UNPRINTABLE, '').trim();
  if (plain === '.' || plain === '..') return '';
  const ending = /\.[^.]{1,20}$/.exec(plain)?.[0] ?? '';
  return plain.length <= LONGEST_FILENAME ? plain : plain.slice(0, LONGEST_FILENAME - ending.length) + ending;
}
