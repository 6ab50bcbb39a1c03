import { type Application, type ApplicationOptions, createApp, Module } from 'rockstar-web';
import type { ConcreteClass } from '../../lib/metadata/slot';
import type { Provider } from '../../lib/plugins/provider';
import { H2Client } from '../support/h2-client';
import { post, RawClient, request } from '../support/raw-client';
import { shortPause } from '../support/soon';

/** A request as both protocols know it. */
export interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A whole response, the same whichever protocol it came by. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  header(name: string): string | undefined;
  json(): unknown;
}

/** A request whose answer is not there yet. */
export interface Asked {
  readonly answer: Promise<Answer>;
  /** Settles when bytes of the body that contain `text` have come. */
  received(text: string): Promise<void>;
  /** Sends a part of a body that was said to be longer. */
  send(part: string): void;
  /** The client leaves. */
  leave(): void;
}

/** One client on one connection. */
export interface Client {
  ask(ask: Ask): Promise<Answer>;
  begin(ask: Ask & { readonly unfinished?: boolean }): Asked;
  close(): Promise<void>;
}

export interface Door {
  readonly name: string;
  readonly version: '1.1' | '2.0';
  connect(url: URL): Promise<Client>;
}

export const http1: Door = {
  name: 'HTTP/1.1',
  version: '1.1',
  connect: async (url) => http1Client(await RawClient.connect(url)),
};

export const http2: Door = {
  name: 'HTTP/2',
  version: '2.0',
  connect: async (url) => http2Client(await H2Client.connect(url)),
};

/** Both protocols: every journey is made through each of them. */
export const doors: readonly Door[] = [http1, http2];

function http1Client(client: RawClient): Client {
  const begin = ({ method = 'GET', path, headers = {}, body, unfinished }: Ask & { readonly unfinished?: boolean }): Asked => {
    const length: Record<string, string> = unfinished === true ? { 'content-length': '1000' } : {};
    client.write(
      body === undefined ? request(method, path, { ...length, ...headers }) : post(path, body, headers).replace('POST', method),
    );
    const answer = client
      .response(method)
      .then(({ status, headers: fields, body: bytes }) =>
        toAnswer(status, (name) => fields.get(name)?.join(', '), bytes.toString('utf8')),
      );
    answer.catch(() => undefined);
    return {
      answer,
      received: (text) => client.until(text),
      send: (part) => void client.write(part),
      leave: () => client.close(),
    };
  };
  return {
    begin,
    ask: (ask) => begin(ask).answer,
    close: async () => {
      client.close();
      await client.closed();
    },
  };
}

function http2Client(client: H2Client): Client {
  const begin = ({ method = 'GET', path, headers = {}, body, unfinished }: Ask & { readonly unfinished?: boolean }): Asked => {
    const endStream = body === undefined && unfinished !== true;
    const asked = client.begin({ ':method': method, ':path': path, ...headers }, { endStream });
    if (body !== undefined) asked.stream.end(body);
    const answer = asked.response.then(({ status, headers: fields, body: bytes }) =>
      toAnswer(
        status,
        (name) => (fields[name] === undefined ? undefined : [fields[name]].flat().join(', ')),
        bytes.toString('utf8'),
      ),
    );
    answer.catch(() => undefined);
    const received = async (text: string): Promise<void> => {
      for (let looks = 0; !Buffer.concat(asked.chunks).includes(text); looks++) {
        if (asked.stream.destroyed) throw new Error(`the stream ended before ${JSON.stringify(text)}`);
        await shortPause(looks);
      }
    };
    return { answer, received, send: (part) => void asked.stream.write(part), leave: () => asked.cancel() };
  };
  return { begin, ask: (ask) => begin(ask).answer, close: () => client.close() };
}

function toAnswer(status: number, header: (name: string) => string | undefined, text: string): Answer {
  return { status, text, header, json: () => JSON.parse(text) as unknown };
}

/** Both protocols on one port, nothing logged. */
export const QUIET: ApplicationOptions = { http2: 'h2c', logger: false };

/** A module of these controllers and providers. */
export function moduleOf(controllers: readonly ConcreteClass[], providers: readonly Provider[] = []): ConcreteClass {
  @Module({ controllers, providers })
  class TheModule {}
  return TheModule;
}

/** An application on a port of its own. */
export interface Served {
  readonly app: Application;
  readonly url: URL;
}

export async function serveOn(module: ConcreteClass, options: ApplicationOptions = {}): Promise<Served> {
  const app = await createApp(module, { ...QUIET, ...options });
  return { app, url: await app.listen(0) };
}

/** Serves, connects, and closes both whatever happens in between. */
export async function withClient(
  { connect }: Door,
  module: ConcreteClass,
  options: ApplicationOptions,
  use: (client: Client, served: Served) => Promise<void>,
): Promise<void> {
  const served = await serveOn(module, options);
  try {
    const client = await connect(served.url);
    try {
      await use(client, served);
    } finally {
      await client.close();
    }
  } finally {
    await served.app.close();
  }
}
