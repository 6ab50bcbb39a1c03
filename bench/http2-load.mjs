// Load over HTTP/2 by bare frames behind TLS (RFC 9113), so that the client is lighter than the servers:
// a head written once and sent again under new stream numbers, answers counted by END_STREAM.
import { once } from 'node:events';
import { connect } from 'node:tls';

const CONNECTIONS = 16;
const STREAMS = 8;

const DATA = 0x0;
const HEADERS = 0x1;
const RST_STREAM = 0x3;
const SETTINGS = 0x4;
const PING = 0x6;
const GOAWAY = 0x7;
const ACK = 0x1;
const END_STREAM = 0x1;
const END_HEADERS = 0x4;

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

function frame(type, flags, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** `GET` over https as HPACK (RFC 7541): what the static table has, the rest as literals that are not remembered. */
function encodeHead(authority, path) {
  const literal = (index, text) => Buffer.concat([Buffer.from([index, text.length]), Buffer.from(text, 'latin1')]);
  return Buffer.concat([Buffer.from([0x82, 0x87]), literal(0x04, path), literal(0x01, authority)]);
}

async function openSocket(port) {
  const socket = connect({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false });
  socket.setNoDelay(true);
  await once(socket, 'secureConnect');
  if (socket.alpnProtocol !== 'h2') throw new Error(`the server speaks ${socket.alpnProtocol}`);
  // Windows so large that answers never wait for one.
  const window = Buffer.from([0x7f, 0xff, 0x00, 0x00]);
  socket.write(Buffer.concat([PREFACE, frame(SETTINGS, 0, 0), frame(0x8, 0, 0, window)]));
  return socket;
}

/** One connection: sends requests, tells of answers. */
class Client {
  #socket;
  #head;
  #nextStream = 1;
  #rest = Buffer.alloc(0);
  #ended = 0;
  /** Bodies are kept while this is set. */
  body = undefined;
  onAnswers = () => undefined;
  onFailure = () => undefined;

  constructor(socket, head) {
    this.#socket = socket;
    this.#head = frame(HEADERS, END_STREAM | END_HEADERS, 0, head);
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', (error) => this.onFailure(error));
    socket.on('close', () => this.onFailure(new Error('a connection was closed')));
  }

  request(count) {
    const { length } = this.#head;
    const bytes = Buffer.allocUnsafe(length * count);
    for (let i = 0; i < count; i++) {
      this.#head.copy(bytes, i * length);
      bytes.writeUInt32BE(this.#nextStream, i * length + 5);
      this.#nextStream += 2;
    }
    this.#socket.write(bytes);
  }

  close() {
    this.onFailure = () => undefined;
    this.#socket.destroy();
  }

  #read(chunk) {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 9) {
      const end = at + 9 + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      this.#frame(bytes[at + 3], bytes[at + 4], bytes.subarray(at + 9, end));
      at = end;
    }
    this.#rest = bytes.subarray(at);
    const ended = this.#ended;
    this.#ended = 0;
    if (ended > 0) this.onAnswers(ended);
  }

  #frame(type, flags, payload) {
    if (type === DATA || type === HEADERS) {
      if (type === DATA && this.body !== undefined) this.body += payload.toString();
      if ((flags & END_STREAM) !== 0) this.#ended++;
    } else if (type === SETTINGS && flags !== ACK) this.#socket.write(frame(SETTINGS, ACK, 0));
    else if (type === PING && flags !== ACK) this.#socket.write(frame(PING, ACK, 0, payload));
    else if (type === RST_STREAM || type === GOAWAY)
      this.onFailure(new Error(`a frame of type ${type}: ${payload.toString('hex')}`));
  }
}

/** Opens the connections. `run(ms)` keeps all their streams busy and tells how many answers came. */
export async function openHttp2Load(port, { path, answer }) {
  const head = encodeHead(`127.0.0.1:${port}`, path);
  const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => openSocket(port)));
  const clients = sockets.map((socket) => new Client(socket, head));
  await checkAnswer(clients[0], answer);
  return {
    async run(ms) {
      let answers = 0;
      let busy = clients.length * STREAMS;
      let stopping = false;
      setTimeout(() => (stopping = true), ms);
      await new Promise((resolve, reject) => {
        for (const client of clients) {
          client.onFailure = reject;
          client.onAnswers = (count) => {
            answers += count;
            if (!stopping) client.request(count);
            else if ((busy -= count) === 0) resolve();
          };
          client.request(STREAMS);
        }
      });
      return answers;
    },
    close() {
      for (const client of clients) client.close();
    },
  };
}

async function checkAnswer(client, answer) {
  client.body = '';
  await new Promise((resolve, reject) => {
    client.onAnswers = resolve;
    client.onFailure = reject;
    client.request(1);
  });
  if (client.body !== answer.body) throw new Error(`answered with ${client.body}`);
  client.body = undefined;
}
