import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';

/** Who follows the response on a promised stream. */
export interface ResponseWatcher {
  head(fields: OutgoingHttpHeaders): void;
  /** So many bytes of the body more. */
  wrote(bytes: number): void;
}

type Write = (chunk?: unknown, encoding?: unknown, done?: unknown) => unknown;

/** Follows the response on a stream, whoever writes it. */
export function watchResponse(stream: ServerHttp2Stream, watcher: ResponseWatcher): void {
  const respond = stream.respond.bind(stream);
  stream.respond = (headers, options) => {
    watcher.head(headers ?? {});
    respond(headers, options);
  };
  stream.write = counted(stream.write.bind(stream) as Write, watcher) as ServerHttp2Stream['write'];
  stream.end = counted(stream.end.bind(stream) as Write, watcher) as ServerHttp2Stream['end'];
}

function counted(write: Write, watcher: ResponseWatcher): Write {
  return (chunk, ...rest) => {
    if (typeof chunk === 'string') watcher.wrote(Buffer.byteLength(chunk));
    else if (chunk instanceof Uint8Array) watcher.wrote(chunk.length);
    return write(chunk, ...rest);
  };
}
