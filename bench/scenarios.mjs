// What is asked, how, and who answers.
import { join } from 'node:path';
import { openHttp1Load } from './http1-load.mjs';
import { openHttp2Load } from './http2-load.mjs';

const user = {
  name: 'Ada Lovelace',
  email: 'ada@example.com',
  age: 36,
  active: true,
  tags: ['math', 'engine'],
  address: { street: '12 St James Square', city: 'London' },
};
const userJson = JSON.stringify(user);
const HOST = 'Host: 127.0.0.1\r\n';
const JSON_BODY = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(userJson)}\r\n`;

/** Each opens its load on a port. Over HTTP/1.1 one server answers several of them in turn, as a real one does. */
export const scenarios = {
  get: {
    title: 'HTTP/1.1 `GET /`',
    http2: false,
    open: (port) =>
      openHttp1Load(port, { request: `GET / HTTP/1.1\r\n${HOST}\r\n`, answer: { status: 200, body: '{"hello":"world"}' } }),
  },
  param: {
    title: 'HTTP/1.1 `GET /users/42?x=1`',
    http2: false,
    open: (port) =>
      openHttp1Load(port, {
        request: `GET /users/42?x=1 HTTP/1.1\r\n${HOST}\r\n`,
        answer: { status: 200, body: '{"id":"42","x":"1"}' },
      }),
  },
  post: {
    title: 'HTTP/1.1 `POST /users`, checked by each in its own way',
    http2: false,
    open: (port) =>
      openHttp1Load(port, {
        request: `POST /users HTTP/1.1\r\n${HOST}${JSON_BODY}\r\n${userJson}`,
        answer: { status: 201, body: '{"id":1,"name":"Ada Lovelace"}' },
      }),
  },
  h2: {
    title: 'HTTP/2 over TLS `GET /`',
    http2: true,
    open: (port) => openHttp2Load(port, { path: '/', answer: { body: '{"hello":"world"}' } }),
  },
};

const server = (file, ...args) => [process.execPath, join(import.meta.dirname, 'servers', file), '{port}', ...args];

/** Who is compared with what; `peer`: is installed on demand, and left out by --smoke. */
export function contendersFor(http2, ours) {
  const raw = server(http2 ? 'raw-http2.mjs' : 'raw.mjs');
  const own = [
    { name: 'ours', base: raw, command: [process.execPath, ours, '{port}'] },
    { name: 'ours-async', base: raw, command: [process.execPath, ours, '{port}', 'async'] },
  ];
  const again = { name: 'raw-again', base: raw, command: raw };
  if (http2) return [again, ...own];
  return [
    again,
    ...own,
    { name: 'fastify', base: raw, command: server('fastify.mjs'), peer: true },
    { name: 'fastify-schema', base: raw, command: server('fastify.mjs', 'schema'), peer: true },
    { name: 'nest-fastify', base: raw, command: server('nest.mjs'), peer: true },
  ];
}

/** Our own server against that of another checkout. */
export function contendersBetween(ours, before) {
  const command = (file, ...args) => [process.execPath, file, '{port}', ...args];
  return [
    { name: 'before-again', base: command(before), command: command(before) },
    { name: 'ours', base: command(before), command: command(ours) },
    { name: 'ours-async', base: command(before, 'async'), command: command(ours, 'async') },
  ];
}
