// The limit over HTTP/1.1: node:http with routes by hand.
import { createServer } from 'node:http';
import { URLSearchParams } from 'node:url';
import { isUser } from './user-rules.mjs';

function send(response, status, value) {
  const body = JSON.stringify(value);
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function sendUser(response, url) {
  const query = url.indexOf('?');
  const id = query < 0 ? url.slice(7) : url.slice(7, query);
  const x = query < 0 ? undefined : (new URLSearchParams(url.slice(query + 1)).get('x') ?? undefined);
  send(response, 200, { id, x });
}

function createUser(request, response) {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => (text += chunk));
  request.on('end', () => {
    let user;
    try {
      user = JSON.parse(text);
    } catch {
      send(response, 400, { error: 'no JSON' });
      return;
    }
    if (isUser(user)) send(response, 201, { id: 1, name: user.name });
    else send(response, 400, { error: 'no user' });
  });
}

const server = createServer((request, response) => {
  const { method, url } = request;
  if (method === 'GET' && url === '/') send(response, 200, { hello: 'world' });
  else if (method === 'GET' && url.startsWith('/users/')) sendUser(response, url);
  else if (method === 'POST' && url === '/users') createUser(request, response);
  else send(response, 404, { error: 'no route' });
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'));
process.on('SIGTERM', () => process.exit(0));
