import type { Socket } from 'node:net';

/** How an HTTP/2 client that knows beforehand begins (RFC 9113 §3.4). */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Looks at the first bytes of a connection and puts them back. A client that does not send enough of them in time is cut. */
export function sniffProtocol(socket: Socket, timeoutMs: number, known: (isHttp2: boolean) => void): void {
  let seen = Buffer.alloc(0);
  const giveUp = (): void => void socket.destroy();
  const timer = setTimeout(giveUp, timeoutMs);
  timer.unref();
  const look = (): void => {
    const bytes = socket.read() as Buffer | null;
    if (bytes === null) return;
    seen = Buffer.concat([seen, bytes]);
    const length = Math.min(seen.length, PREFACE.length);
    const isPrefix = seen.subarray(0, length).equals(PREFACE.subarray(0, length));
    if (isPrefix && length < PREFACE.length) return;
    socket.off('readable', look).off('end', giveUp).off('close', forget);
    forget();
    // Put back only now: what is put back is readable at once, and looked at again and again.
    socket.unshift(seen);
    known(isPrefix);
    socket.off('error', ignore);
  };
  const forget = (): void => clearTimeout(timer);
  socket.on('readable', look).once('end', giveUp).once('close', forget).on('error', ignore);
}

function ignore(): void {
  // Its close follows, and there is nobody yet to be told.
}
