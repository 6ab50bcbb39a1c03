// Fastify; with `schema` as its second argument it also knows what its answers look like, with `hello` it answers at `/` alone.
import { fastify } from 'fastify';
import { userSchema } from './user-rules.mjs';

const [port, kind] = process.argv.slice(2);
const string = { type: 'string' };
const answers = (status, properties) => (kind === 'schema' ? { response: { [status]: { type: 'object', properties } } } : {});

const app = fastify();
app.get('/', { schema: answers(200, { hello: string }) }, async () => ({ hello: 'world' }));
if (kind !== 'hello') addUsers();

function addUsers() {
  app.get('/users/:id', { schema: answers(200, { id: string, x: string }) }, async ({ params, query }) => ({
    id: params.id,
    x: query.x,
  }));
  app.post(
    '/users',
    { schema: { body: userSchema, ...answers(201, { id: { type: 'integer' }, name: string }) } },
    async (request, reply) => {
      reply.code(201);
      return { id: 1, name: request.body.name };
    },
  );
}

await app.listen({ port: Number(port), host: '127.0.0.1' });
console.log('listening');
process.on('SIGTERM', () => process.exit(0));
