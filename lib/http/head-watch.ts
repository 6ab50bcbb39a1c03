import type { ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { NodeWire } from './node-wire';
import type { Wire } from './wire';

/** Who wants to know when the head of a response goes out. */
export interface HeadWatcher {
  /** It is about to. */
  beforeHead(): void;
  /** It has; over HTTP/2 only. */
  afterHead(): void;
}

/**
 * Tells of the head of the response to come, whoever sends it: the kernel, or user code through Node's response, which what
 * middleware put around it may keep waiting. It is watched on the one object for which somebody asked: no other request pays.
 */
export function watchHead(wire: Wire, watcher: HeadWatcher): void {
  if (wire.stream === undefined) watchResponse((wire as NodeWire).response, watcher);
  else watchStream(wire.stream, watcher);
}

function watchStream(stream: ServerHttp2Stream, watcher: HeadWatcher): void {
  const respond = stream.respond.bind(stream);
  stream.respond = (...args) => {
    watcher.beforeHead();
    respond(...args);
    watcher.afterHead();
  };
}

function watchResponse(response: ServerResponse, watcher: HeadWatcher): void {
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
  response.writeHead = (...args: unknown[]) => {
    watcher.beforeHead();
    return writeHead(...args);
  };
}
