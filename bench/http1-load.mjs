// Load over HTTP/1.1 by bare sockets: one request under way on each connection, answers counted by their bytes.
import { once } from 'node:events';
import { connect } from 'node:net';

const CONNECTIONS = 64;

async function openSocket(port) {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  await once(socket, 'connect');
  return socket;
}

/** Asks once. Out: status, body and length in bytes of the whole answer. */
async function ask(port, request) {
  const socket = await openSocket(port);
  socket.write(request);
  let text = '';
  for await (const chunk of socket) {
    text += chunk.toString('latin1');
    const head = text.indexOf('\r\n\r\n') + 4;
    const length = /^content-length: *(\d+)/im.exec(text.slice(0, head));
    if (head > 3 && length && text.length >= head + Number(length[1])) {
      return { status: Number(text.slice(9, 12)), body: text.slice(head), bytes: text.length };
    }
    if (head > 3 && !length) throw new Error(`an answer without a length:\n${text}`);
  }
  throw new Error(`the connection was closed behind:\n${text}`);
}

/** `run(ms)` keeps all connections busy and tells how many answers came. */
export async function openHttp1Load(port, { request, answer }) {
  const first = await ask(port, request);
  if (first.status !== answer.status || first.body !== answer.body)
    throw new Error(`answered with ${first.status} ${first.body}`);
  const bytes = Buffer.from(request);
  let sockets = [];
  let answers = 0;
  let busy = 0;
  let stopping = true;
  let idle;
  let fail = () => undefined;

  async function open() {
    const socket = await openSocket(port);
    let got = 0;
    socket.on('data', (chunk) => {
      got += chunk.length;
      if (got < first.bytes) return;
      if (got > first.bytes) fail(new Error(`an answer of ${got} bytes instead of ${first.bytes}`));
      got = 0;
      answers++;
      if (!stopping) socket.write(bytes);
      else if (--busy === 0) idle();
    });
    socket.on('error', (error) => fail(error));
    socket.on('close', () => fail(new Error('a connection was closed')));
    return socket;
  }

  return {
    async run(ms) {
      // Those that were idle for long, their server has closed.
      sockets = sockets.filter((socket) => socket.readyState === 'open');
      sockets.push(...(await Promise.all(Array.from({ length: CONNECTIONS - sockets.length }, open))));
      answers = 0;
      busy = CONNECTIONS;
      stopping = false;
      const done = new Promise((resolve, reject) => {
        idle = resolve;
        fail = reject;
      });
      for (const socket of sockets) socket.write(bytes);
      setTimeout(() => (stopping = true), ms);
      await done;
      fail = () => undefined;
      return answers;
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
