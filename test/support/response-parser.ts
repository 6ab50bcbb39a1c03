/** A response as it stood on the wire. Header names in lower case, all values of a name in the order they came. */
export interface WireResponse {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
  /** The statuses of the interim responses before it (RFC 9110 §15.2). */
  readonly interim: readonly number[];
}

interface Head {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly length: number;
}

const STATUS_LINE = /^(HTTP\/1\.[01]) (\d{3}) ([\t\x20-\x7e\x80-\xff]*)$/;
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)[ \t]*$/;

/**
 * Takes the first response out of `bytes`, as strictly as RFC 9112 words it: a client that is less strict could be led astray.
 *
 * In: the methods decide whether a body follows (`HEAD`); `ended`: no more bytes will come.
 * Out: the response and how many bytes it took, or `undefined` when some are missing.
 */
export function takeResponse(
  bytes: Buffer,
  method: string,
  ended: boolean,
): { readonly response: WireResponse; readonly length: number } | undefined {
  const interim: number[] = [];
  let at = 0;
  for (;;) {
    const head = parseHead(bytes, at);
    if (head === undefined) return undefined;
    at += head.length;
    if (head.status >= 200) {
      const body = takeBody(bytes, at, head, method, ended);
      if (body === undefined) return undefined;
      const { version, status, reason, headers } = head;
      return { response: { version, status, reason, headers, body: body.bytes, interim }, length: at + body.length };
    }
    interim.push(head.status);
  }
}

function parseHead(bytes: Buffer, from: number): Head | undefined {
  const end = bytes.indexOf('\r\n\r\n', from, 'latin1');
  if (end < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.toString('latin1', from, end).split('\r\n');
  const status = STATUS_LINE.exec(statusLine);
  if (status === null) throw new Error(`this is no status line: ${JSON.stringify(statusLine)}`);
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const field = FIELD_LINE.exec(line);
    if (field === null) throw new Error(`this is no header line: ${JSON.stringify(line)}`);
    const name = (field[1] ?? '').toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), field[2] ?? '']);
  }
  const [, version = '', code, reason = ''] = status;
  return { version, status: Number(code), reason, headers, length: end + 4 - from };
}

interface Body {
  readonly bytes: Buffer;
  readonly length: number;
}

const NO_BODY: Body = { bytes: Buffer.alloc(0), length: 0 };

function takeBody(bytes: Buffer, at: number, { status, headers }: Head, method: string, ended: boolean): Body | undefined {
  const lengths = headers.get('content-length') ?? [];
  const codings = headers.get('transfer-encoding') ?? [];
  if (lengths.length > 1) throw new Error(`there are ${lengths.length} content-length lines`);
  if (lengths.length + codings.length > 1) throw new Error('the length of the body is told twice');
  if (status === 204 && lengths.length + codings.length > 0) throw new Error('a 204 tells the length of a body (RFC 9110 §8.6)');
  if (method === 'HEAD' || status === 204 || status === 304) return NO_BODY;
  if (codings.length > 0) return takeChunks(bytes, at);
  if (lengths.length === 0) return ended ? { bytes: bytes.subarray(at), length: bytes.length - at } : undefined;
  const length = Number(lengths[0]);
  if (!/^\d+$/.test(lengths[0] ?? '')) throw new Error(`the content-length is ${String(lengths[0])}`);
  return bytes.length < at + length ? undefined : { bytes: bytes.subarray(at, at + length), length };
}

function takeChunks(bytes: Buffer, from: number): Body | undefined {
  const chunks: Buffer[] = [];
  for (let at = from; ;) {
    const end = bytes.indexOf('\r\n', at, 'latin1');
    if (end < 0) return undefined;
    const size = bytes.toString('latin1', at, end);
    if (!/^[0-9a-fA-F]+$/.test(size)) throw new Error(`this is no chunk size: ${JSON.stringify(size)}`);
    const length = parseInt(size, 16);
    const next = end + 2 + length + 2;
    if (bytes.length < next) return undefined;
    if (bytes.toString('latin1', next - 2, next) !== '\r\n') throw new Error('a chunk does not end with its line');
    if (length === 0) return { bytes: Buffer.concat(chunks), length: next - from };
    chunks.push(bytes.subarray(end + 2, end + 2 + length));
    at = next;
  }
}
