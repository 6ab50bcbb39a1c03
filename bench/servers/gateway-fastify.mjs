// The gateway of gateway-ours.ts by hand, on Fastify, undici and opossum: side by side under one deadline, a breaker and a
// time-out for each service, partial data with errors by service, Server-Timing, and no work for a client that left.
import Fastify from 'fastify';
import Opossum from 'opossum';
import { Pool } from 'undici';

const { UPSTREAM } = process.env;
const timeoutMs = Number(process.env.CLIENT_TIMEOUT_MS ?? 3_000);
const DEADLINE_MS = 5_000;

const pool = new Pool(UPSTREAM, { maxResponseSize: 1024 * 1024 });

async function read(path, signal) {
  const { statusCode, body } = await pool.request({ method: 'GET', path, signal });
  if (statusCode === 200) return body.json();
  await body.dump();
  throw Object.assign(new Error(`answered with ${statusCode}`), { code: 'UPSTREAM_STATUS' });
}

function guarded(path) {
  return new Opossum((signal) => read(path, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])), {
    timeout: timeoutMs,
    volumeThreshold: 5,
    errorThresholdPercentage: 50,
    resetTimeout: 30_000,
    // By its default of 10 s a service that answered well so long may fail for seconds until half of the answers are bad.
    rollingCountTimeout: 2_000,
    // A client that left says nothing of the service.
    errorFilter: (error) => error.name === 'AbortError',
  });
}
const services = { user: guarded('/api/user'), orders: guarded('/api/orders') };

const app = Fastify();
app.get('/api/dashboard', async (request, reply) => {
  const controller = new AbortController();
  const leave = () => controller.abort();
  reply.raw.once('close', leave);
  const deadline = setTimeout(leave, DEADLINE_MS);
  const data = { user: null, orders: null };
  const errors = [];
  const timings = [];
  let isAnyThere = false;
  await Promise.all(
    Object.entries(services).map(async ([name, breaker]) => {
      const startMs = performance.now();
      try {
        data[name] = await breaker.fire(controller.signal);
        isAnyThere = true;
      } catch (error) {
        errors.push({ service: name, code: error.code ?? 'UPSTREAM_FAILED' });
      }
      timings.push(`${name};dur=${(performance.now() - startMs).toFixed(1)}`);
    }),
  );
  clearTimeout(deadline);
  reply.raw.off('close', leave);
  reply.header('server-timing', timings.join(', '));
  if (!isAnyThere) return reply.code(503).send({ errors });
  return errors.length === 0 ? data : { ...data, partial: true, errors };
});

await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
console.log('listening');
process.on('SIGTERM', () => process.exit(0));
