import { parse as parseQuery, unescape as unescapeUtf8 } from 'node:querystring';
import { decodeText } from './charset';
import { httpErrors } from './errors';

/** More fields than this in one form are refused, and so are longer lists. */
const MOST_FIELDS = 1_000;
/** Deeper names than `a[b][c]…` with this many brackets are refused. */
const MOST_LEVELS = 8;

/** The fields of a form by name: text, lists of text, and where names have brackets, objects of these. Without prototypes. */
export type FormFields = Record<string, unknown>;

/**
 * Parses an urlencoded form (WHATWG URL §5.1). A repeated field is a list; `a[b]=1` nests, `a[]=1` and `a[0]=1` make lists.
 *
 * Fails with: BODY_MALFORMED for more than 1,000 fields, 8 levels or 1,000 items; what `decodeText` fails with.
 */
export function parseForm(bytes: Buffer, charset: string): FormFields {
  const isUtf8 = charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii';
  const text = isUtf8 ? decodeText('form', bytes, charset) : bytes.toString('latin1');
  const decode = isUtf8 ? unescapeUtf8 : (escaped: string) => unescapeBytes(escaped, charset);
  // An unknown charset is one without fields, too.
  decode('');
  let fields = 1;
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) fields++;
  if (fields > MOST_FIELDS) throw malformed(`it has more than ${MOST_FIELDS} fields`);
  if (text === '') return Object.create(null) as FormFields;
  // Node's own would keep silent about what is not in its charset.
  if (isUtf8 && !/\[|%5b/i.test(text)) return parseQuery(text, '&', '=', { maxKeys: 0 });
  return nest(text, (escaped) => decode(escaped.replaceAll('+', ' ')));
}

/** Nests fields whose names have brackets, as `parseForm` does. Fails with: BODY_MALFORMED. */
export function nestFields(fields: FormFields): FormFields {
  return Object.keys(fields).some((name) => name.includes('[')) ? nest(fields) : fields;
}

function nest(fields: string | FormFields, decoder?: (escaped: string) => string): FormFields {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- most forms are flat
  const { parse } = require('qs') as typeof import('qs');
  try {
    return parse(fields as string, {
      plainObjects: true,
      depth: MOST_LEVELS,
      strictDepth: true,
      arrayLimit: MOST_FIELDS,
      parameterLimit: MOST_FIELDS,
      throwOnLimitExceeded: true,
      ...(decoder === undefined ? {} : { decoder: (escaped: string) => decoder(escaped) }),
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const isDeep = error.message.includes('depth');
    throw malformed(isDeep ? `it nests deeper than ${MOST_LEVELS} levels` : `it has a list of more than ${MOST_FIELDS} items`);
  }
}

/** `%41` is a byte, and which character that is says the charset. */
function unescapeBytes(escaped: string, charset: string): string {
  const bytes = escaped.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return decodeText('form', Buffer.from(bytes, 'latin1'), charset);
}

function malformed(reason: string): Error {
  return httpErrors.BODY_MALFORMED({ kind: 'form', reason });
}
