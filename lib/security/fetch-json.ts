import { get as getHttp, type IncomingMessage } from 'node:http';

const LARGEST_BYTES = 512 * 1024;

/**
 * Gets a JSON document, on a connection of its own. Redirects are not followed: keys come from where the developer said.
 *
 * Fails with: what the connection fails with, the signal's reason, an Error for any answer but a 200 with JSON.
 */
export async function fetchJson(url: URL, signal: AbortSignal): Promise<unknown> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const get = url.protocol === 'https:' ? httpsGet() : getHttp;
    get(url, { agent: false, signal, headers: { accept: 'application/jwk-set+json, application/json' } }, resolve).once(
      'error',
      reject,
    );
  });
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`${url.origin}${url.pathname} answered ${response.statusCode}`);
  }
  return JSON.parse(await readText(response)) as unknown;
}

function httpsGet(): typeof getHttp {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
  return (require('node:https') as typeof import('node:https')).get;
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > LARGEST_BYTES) throw new Error(`the document is larger than ${LARGEST_BYTES} bytes`);
  }
  return Buffer.concat(chunks).toString('utf8');
}
