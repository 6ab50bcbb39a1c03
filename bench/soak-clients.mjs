// Clients of both protocols for the soaks: some wait for their answer, some leave at a random moment, in every way there is.
import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export const between = (from, to) => from + Math.random() * (to - from);
const pick = (kinds) => kinds[Math.floor(Math.random() * kinds.length)];

/**
 * In: the address; `finite`, the routes below `/soak` that come to an end by themselves; `kinds`, all of them; how large a
 * share is cut, within how many milliseconds. Out: what one client does until `more()` says that it is enough.
 */
export function makeClient(url, { finite, kinds, shareCut, cutWithinMs }) {
  async function stayHttp1() {
    const socket = connect(Number(url.port), '127.0.0.1')
      .on('error', () => undefined)
      .resume();
    const kind = pick(finite);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(
      kind === 'body'
        ? `POST /soak/body HTTP/1.1\r\nhost: soak\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: 10\r\n\r\n0123456789`
        : `GET /soak/${kind} HTTP/1.1\r\nhost: soak\r\nconnection: close\r\n\r\n`,
    );
    await closed;
  }

  async function stayHttp2(session) {
    const kind = pick(finite);
    const headers = { ':method': kind === 'body' ? 'POST' : 'GET', ':path': `/soak/${kind}`, 'content-type': 'text/plain' };
    const stream = session
      .request(headers, { endStream: kind !== 'body' })
      .on('error', () => undefined)
      .resume();
    const closed = new Promise((resolve) => stream.once('close', resolve));
    if (kind === 'body') stream.end('0123456789');
    await closed;
  }

  async function cutHttp1() {
    const socket = connect(Number(url.port), '127.0.0.1').on('error', () => undefined);
    const kind = pick(kinds);
    if (Math.random() < 0.8) socket.resume();
    socket.write(
      kind === 'body'
        ? `POST /soak/body HTTP/1.1\r\nhost: soak\r\ncontent-type: text/plain\r\ncontent-length: 1000\r\n\r\n${'x'.repeat(between(0, 1_000))}`
        : `GET /soak/${kind} HTTP/1.1\r\nhost: soak\r\n\r\n`,
    );
    await sleep(between(0, cutWithinMs));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    if (Math.random() < 0.4) socket.destroy();
    else if (Math.random() < 0.7) socket.resetAndDestroy();
    else socket.end().resume();
    await closed;
  }

  async function cutHttp2(session) {
    const kind = pick(kinds);
    const headers = { ':method': kind === 'body' ? 'POST' : 'GET', ':path': `/soak/${kind}`, 'content-type': 'text/plain' };
    const stream = session.request(headers, { endStream: kind !== 'body' }).on('error', () => undefined);
    const closed = new Promise((resolve) => stream.once('close', resolve));
    if (Math.random() < 0.8) stream.resume();
    if (kind === 'body') stream.write('x'.repeat(between(0, 1_000)));
    await sleep(between(0, cutWithinMs));
    stream.close(constants.NGHTTP2_CANCEL);
    stream.resume();
    await closed;
  }

  return async function client(isHttp2, more) {
    let session;
    let used = 0;
    while (more()) {
      const isCut = Math.random() < shareCut;
      if (!isHttp2) {
        await (isCut ? cutHttp1() : stayHttp1());
        continue;
      }
      if (session === undefined || session.destroyed || used++ > 50) {
        session?.destroy();
        session = connectHttp2(url.origin).on('error', () => undefined);
        used = 0;
      }
      await (isCut ? cutHttp2(session) : stayHttp2(session));
    }
    session?.destroy();
  };
}
