export const BOUNDARY = 'a-boundary';
export const MULTIPART_TYPE = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };

/** One part: its header lines and its bytes. */
export interface RawPart {
  readonly head: readonly string[];
  readonly body: string | Uint8Array;
}

export function field(name: string, value: string | Uint8Array, ...more: readonly string[]): RawPart {
  return { head: [`Content-Disposition: form-data; name="${name}"`, ...more], body: value };
}

export function file(name: string, filename: string, body: string | Uint8Array, type = 'application/octet-stream'): RawPart {
  return {
    head: [`Content-Disposition: form-data; name="${name}"; filename="${filename}"`, `Content-Type: ${type}`],
    body,
  };
}

/** The bytes of a whole multipart body. */
export function multipart(parts: readonly RawPart[], boundary = BOUNDARY): Buffer {
  const pieces = parts.flatMap(({ head, body }) => [
    Buffer.from(`--${boundary}\r\n${head.join('\r\n')}\r\n\r\n`),
    Buffer.from(body as string),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}
