// WebSocket clients on raw sockets: frames made beforehand, answers counted by their length, so that the load costs little.
import { connect } from 'node:net';

const MASK = Buffer.from([1, 2, 3, 4]);

/** A masked text frame of less than 126 bytes. */
export function frame(text) {
  const payload = Buffer.from(text);
  const bytes = Buffer.alloc(6 + payload.length);
  bytes[0] = 0x81;
  bytes[1] = 0x80 | payload.length;
  MASK.copy(bytes, 2);
  for (let i = 0; i < payload.length; i++) bytes[6 + i] = payload[i] ^ MASK[i & 3];
  return bytes;
}

/** Opens a WebSocket at a path. Out: its socket, behind the handshake. */
export function open(port, path) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${key}\r\n`);
    let head = '';
    const read = (chunk) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', read);
      if (head.startsWith('HTTP/1.1 101')) resolve(socket);
      else reject(new Error(head.slice(0, 80)));
    };
    socket.on('data', read).on('error', reject);
  });
}

/** Many of them, a hundred at a time. */
export async function openMany(port, path, count) {
  const sockets = [];
  for (let at = 0; at < count; at += 100) {
    const some = Array.from({ length: Math.min(100, count - at) }, () => open(port, path));
    sockets.push(...(await Promise.all(some)));
  }
  return sockets;
}

/** Connections that each have `inFlight` messages under way; `run(ms)` counts what is answered. */
export async function openEchoLoad(port, { path, text, answer, connections, inFlight }) {
  const sockets = await openMany(port, path, connections);
  const one = frame(text);
  const many = Array.from({ length: inFlight + 1 }, (_, count) => Buffer.concat(Array(count).fill(one)));
  const length = Buffer.byteLength(answer) + 2;
  let answered = 0;
  let left = 0;
  let isOver = true;
  let settle;
  for (const socket of sockets) {
    let got = 0;
    socket.on('data', (chunk) => {
      got += chunk.length;
      const whole = Math.floor(got / length);
      got -= whole * length;
      answered += whole;
      if (!isOver) socket.write(many[whole]);
      else if ((left -= whole) === 0) settle();
    });
  }
  return {
    async run(ms) {
      answered = 0;
      isOver = false;
      left = sockets.length * inFlight;
      for (const socket of sockets) socket.write(many[inFlight]);
      await new Promise((resolve) => setTimeout(resolve, ms));
      isOver = true;
      await new Promise((resolve) => (settle = resolve));
      return answered;
    },
    close: () => sockets.forEach((socket) => socket.destroy()),
  };
}

/** One connection asks for broadcasts, one behind the other; `run(ms)` counts the messages that all get. */
export async function openBroadcastLoad(port, { path, length, connections }) {
  const sockets = await openMany(port, path, connections);
  const go = frame('go');
  let got = 0;
  let whole = () => undefined;
  for (const socket of sockets) {
    socket.on('data', (chunk) => {
      got += chunk.length;
      if (got === length * connections) whole();
    });
  }
  return {
    async run(ms) {
      let messages = 0;
      for (const end = performance.now() + ms; performance.now() < end; messages += connections) {
        got = 0;
        const all = new Promise((resolve) => (whole = resolve));
        sockets[0].write(go);
        await all;
      }
      return messages;
    },
    close: () => sockets.forEach((socket) => socket.destroy()),
  };
}
