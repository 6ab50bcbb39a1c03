import type { Application, ApplicationOptions, MetricsSnapshot } from 'rockstar-web';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { type Ask, type Client, type Door, moduleOf, type Served, withClient } from '../journeys/doors';
import { H2Client } from '../support/h2-client';
import { RawClient, request } from '../support/raw-client';

/** Serves controllers behind middleware, on a port of their own, and asks. */
export async function withMiddleware(
  door: Door,
  controllers: readonly ConcreteClass[],
  prepare: (app: Application) => void,
  use: (client: Client, served: Served) => Promise<void>,
  options: ApplicationOptions = {},
): Promise<void> {
  await withClient(door, moduleOf(controllers), options, async (client, served) => {
    prepare(served.app);
    await use(client, served);
  });
}

/** A response whose body is no text. */
export interface BytesAnswer {
  readonly status: number;
  readonly body: Buffer;
  header(name: string): string | undefined;
}

/** Asks once, on a connection of its own. */
export async function askBytes(
  door: Door,
  url: URL,
  ask: Omit<Ask, 'body'> & { readonly body?: Uint8Array },
): Promise<BytesAnswer> {
  const { method = 'GET', path, headers = {}, body } = ask;
  if (door.version === '1.1') {
    const client = await RawClient.connect(url);
    const length: Record<string, string> = body === undefined ? {} : { 'content-length': String(body.length) };
    client.write(request(method, path, { connection: 'close', ...headers, ...length }));
    if (body !== undefined) client.write(body);
    try {
      const answer = await client.response(method);
      return { status: answer.status, body: answer.body, header: (name) => answer.headers.get(name)?.join(', ') };
    } finally {
      client.close();
      await client.closed();
    }
  }
  const client = await H2Client.connect(url);
  try {
    const { status, body: bytes, headers: fields } = await client.ask({ ':method': method, ':path': path, ...headers }, body);
    const header = (name: string): string | undefined => {
      const value = fields[name];
      return value === undefined ? undefined : [value].flat().join(', ');
    };
    return { status, body: bytes, header };
  } finally {
    await client.close();
  }
}

/** The status of every request that was recorded. */
export function recorded(snapshot: MetricsSnapshot): string[] {
  const durations = snapshot['http.server.request.duration'];
  if (durations?.kind !== 'histogram') return [];
  const statuses = durations.series.flatMap(({ attributes, count }) =>
    Array.from({ length: count }, () => attributes['http.response.status_code'] ?? ''),
  );
  return statuses.sort();
}
