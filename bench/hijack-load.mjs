// Connections that a server hands over: bytes on raw sockets, answers counted by their length, so that the load costs little.
import { once } from 'node:events';
import { connect } from 'node:net';

/** Asks for a connection. In: the bytes of the request. Out: its socket, behind the head of the answer. */
async function open(port, request) {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  socket.write(request);
  let head = '';
  while (!head.includes('\r\n\r\n')) head += String(await Promise.race([once(socket, 'data'), once(socket, 'close')]));
  if (!head.startsWith('HTTP/1.1 101')) throw new Error(`not handed over: ${head.slice(0, 80)}`);
  return socket;
}

/** Many of them, a hundred at a time. */
export async function openMany(port, request, count) {
  const sockets = [];
  for (let at = 0; at < count; at += 100) {
    const some = Array.from({ length: Math.min(100, count - at) }, () => open(port, request));
    sockets.push(...(await Promise.all(some)));
  }
  return sockets;
}

/** An echo in messages of `size` bytes, `inFlight` under way on each connection; `run(ms)` counts what came back. */
export async function openEchoLoad(port, { request, size, connections, inFlight }) {
  const sockets = await openMany(port, request, connections);
  const many = Array.from({ length: inFlight + 1 }, (_, count) => Buffer.alloc(size * count, 'x'));
  let answered = 0;
  let left = 0;
  let isOver = true;
  let settle;
  for (const socket of sockets) {
    let got = 0;
    socket.on('data', (chunk) => {
      got += chunk.length;
      const whole = Math.floor(got / size);
      if (whole === 0) return;
      got -= whole * size;
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
