// node bench/gateway.mjs [--pairs 15] [--ms 300] [--rounds 3] [--requests 10000] [--warm 3000]: an aggregate of two services, each
// behind a circuit breaker and a time-out, beside the same gateway written by hand on Fastify, undici and opossum. CPU time of the
// gateway a request while all is well; then how long clients wait once one of the services hangs: of a gateway that has answered
// some requests, and of one that was just started. The package is built first. It fails on errors, never on timing.
import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { duel } from './duel.mjs';
import { describeMachine } from './machine.mjs';
import { buildOurs, installPeers } from './prepare.mjs';
import { startServer } from './server-process.mjs';
import { markdownTable, median, medianInterval } from './statistics.mjs';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '15' },
    ms: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '3' },
    requests: { type: 'string', default: '10000' },
    warm: { type: 'string', default: '3000' },
  },
});
const rounds = Number(values.rounds);
const slices = { warmMs: 2_000, pairs: Number(values.pairs), ms: Number(values.ms), patient: true };

installPeers();
buildOurs(join(import.meta.dirname, '..'));
const command = (file) => [process.execPath, join(import.meta.dirname, file), '{port}'];
const contenders = { Rockstar: command('out/servers/gateway-ours.js'), Fastify: command('servers/gateway-fastify.mjs') };

const answers = {
  '/api/user': JSON.stringify({ id: 1, name: 'Ada Lovelace' }),
  '/api/orders': JSON.stringify([{ id: 'o1', item: 'Engine', price: 100 }]),
};
let hangs = false;
const upstream = createServer({ noDelay: true }, (request, response) => {
  if (hangs && request.url === '/api/orders') return;
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(answers[request.url]);
});
upstream.listen(0, '127.0.0.1');
await once(upstream, 'listening');
const UPSTREAM = `http://127.0.0.1:${upstream.address().port}`;

/** Asks with so many requests at a time, each with a clock. Out: milliseconds of each. */
async function waits(port, requests, atOnce) {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const ask = () =>
    new Promise((resolve, reject) => {
      const startMs = performance.now();
      get({ port, host: '127.0.0.1', path: '/api/dashboard', agent }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`answered with ${response.statusCode}`));
        response.resume().once('end', () => resolve(performance.now() - startMs));
      }).once('error', reject);
    });
  const all = [];
  const client = async () => {
    while (all.length < requests) all.push(await ask());
  };
  await Promise.all(Array.from({ length: atOnce }, client));
  agent.destroy();
  return all.sort((a, b) => a - b);
}

/** Longer than the first 32 answers of a process take. */
const CLIENT_TIMEOUT_MS = '1000';

const CONNECTIONS = 32;
const request = 'GET /api/dashboard HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
const body = `{"user":${answers['/api/user']},"orders":${answers['/api/orders']}}`;

/** What the parts took is said in each head, so answers differ in length: one is whole when its body has come. */
async function openLoad(port) {
  const sockets = Array.from({ length: CONNECTIONS }, () => connect(port, '127.0.0.1').setNoDelay(true));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  let count = 0;
  let busy = 0;
  let isOver = true;
  let settle = {};
  for (const socket of sockets) {
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += chunk;
      if (!text.endsWith('}')) return;
      if (!text.startsWith('HTTP/1.1 200') || !text.endsWith(body)) settle.reject(new Error(`answered with:\n${text}`));
      text = '';
      count++;
      if (!isOver) socket.write(request);
      else if (--busy === 0) settle.resolve(count);
    });
    socket.on('close', () => busy > 0 && settle.reject(new Error('a connection was closed')));
  }
  return {
    run: (ms) =>
      new Promise((resolve, reject) => {
        settle = { resolve, reject };
        [count, busy, isOver] = [0, CONNECTIONS, false];
        for (const socket of sockets) socket.write(request);
        setTimeout(() => (isOver = true), ms);
      }),
    close: () => sockets.forEach((socket) => socket.destroy()),
  };
}

async function well() {
  const ratios = [];
  const us = { Rockstar: [], Fastify: [] };
  for (let round = 0; round < rounds; round++) {
    const servers = [];
    for (const name of ['Fastify', 'Rockstar']) servers.push(await startServer(contenders[name], { UPSTREAM }));
    for (const server of servers) server.load = await openLoad(server.port);
    for (const pair of await duel(...servers, slices)) {
      ratios.push(pair.baseUs / pair.us);
      us.Rockstar.push(pair.us);
      us.Fastify.push(pair.baseUs);
    }
    for (const server of servers) {
      server.load.close();
      await server.stop();
    }
  }
  return { ratios, us };
}

/** The services were quiet for as long as opossum counts: neither breaker knows how well they were before. */
const QUIET_MS = 2_500;

/** In: how many requests each gateway has answered before the service hangs. Out: rows of its name, the median, the p99 and the most. */
async function hanging(warmRequests) {
  const rows = [];
  const names = Object.keys(contenders);
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const server = await startServer(contenders[name], { UPSTREAM, CLIENT_TIMEOUT_MS });
      if (warmRequests > 0) {
        await waits(server.port, warmRequests, 32);
        await wait(QUIET_MS);
      }
      hangs = true;
      const ms = await waits(server.port, Number(values.requests), 32);
      hangs = false;
      const at = (share) => ms[Math.min(ms.length - 1, Math.floor(ms.length * share))].toFixed(1);
      rows.push([name, at(0.5), at(0.99), at(1)]);
      await server.stop();
    }
  }
  return rows;
}

console.log(describeMachine());
const { ratios, us } = await well();
const [low, high] = medianInterval(ratios);
console.log(`\nCPU of the hand-written gateway / ours: ${median(ratios).toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)}),`);
console.log(`${median(us.Rockstar).toFixed(1)} µs a request, by hand ${median(us.Fastify).toFixed(1)} µs`);
const warmed = `one service hangs behind ${values.warm} requests, ms`;
console.log(`\n${markdownTable([[warmed, 'median', 'p99', 'most'], ...(await hanging(Number(values.warm)))])}`);
console.log(`\n${markdownTable([['it hangs from the start, ms', 'median', 'p99', 'most'], ...(await hanging(0))])}`);
upstream.close();
upstream.closeAllConnections();
