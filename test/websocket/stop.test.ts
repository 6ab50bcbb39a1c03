import { OnOpen, WebSocket, WebSocketSession } from 'rockstar-web';
import { ManualClock } from 'rockstar-web/testing';
import { soon } from '../support/soon';
import { RawWebSocket } from './raw-web-socket';
import { Served } from './served';

/** Of which the last fifth is kept for stopping. */
const GRACE_MS = 1_000;
const CUT_MS = 800;

/** Clients that never read, and so never answer the closing. */
const DEAF = 50;
/** Clients as they should be. */
const VIEWERS = 3;

let sessions: WebSocketSession[] = [];
let deaf: RawWebSocket[] = [];

@WebSocket('/view', { bufferLimitBytes: 64 * 1024 * 1024 })
class View {
  @OnOpen()
  open(socket: WebSocketSession) {
    sessions.push(socket);
  }
}

afterEach(async () => {
  await Promise.all(deaf.map((one) => one.leave()));
  deaf = [];
  sessions = [];
});

/** An application with clients that do not read; what it is stopped with tells how that went. */
async function serveDeaf(clock: ManualClock, shutdownGraceMs: number): Promise<Served> {
  const at = await Served.open([View], { clock, shutdownGraceMs });
  deaf = await Promise.all(Array.from({ length: DEAF }, () => RawWebSocket.connect(at.url, '/view')));
  for (const one of deaf) one.pause();
  await soon(() => expect(sessions.length).toBe(DEAF));
  return at;
}

function connectViewers(at: Served) {
  return Promise.all(Array.from({ length: VIEWERS }, () => at.connect('/view')));
}

function stop(at: Served): Promise<unknown> {
  return at.app.close().then(
    () => 'stopped',
    (error: unknown) => error,
  );
}

const TOLD = Array<unknown>(VIEWERS).fill({ code: 1001, reason: '' });

describe('an application that stops', () => {
  it.each([
    ['nothing waits for them', 0],
    ['they left unread what the buffers hold, and more', 8 * 1024 * 1024],
  ])('is not kept beyond its grace time by clients that do not read, where %s; others are told 1001', async (_, unread) => {
    const clock = new ManualClock();
    const at = await serveDeaf(clock, GRACE_MS);
    if (unread > 0) void sessions[0].send(Buffer.alloc(unread));
    const viewers = await connectViewers(at);
    const stopped = stop(at);
    expect(await Promise.all(viewers.map((viewer) => viewer.closed()))).toEqual(TOLD);
    // They have time to answer.
    await clock.advance(CUT_MS - 1);
    await soon(() => expect(at.assembly.server.connections).toBe(DEAF));
    // They had it: none is given any more.
    await clock.advance(1);
    await soon(() => expect(at.assembly.server.connections).toBe(0));
    expect(await stopped).toBe('stopped');
    expect(sessions.map(({ closeCode }) => closeCode)).toEqual(Array(DEAF + VIEWERS).fill(1001));
    expect(clock.pending).toBe(0);
    await at.close();
  });

  it('has all hear its closing also where there is no time for them, and waits for those alone who are quick', async () => {
    const clock = new ManualClock();
    const at = await serveDeaf(clock, 0);
    const viewers = await connectViewers(at);
    const stopped = stop(at);
    expect(await Promise.all(viewers.map((viewer) => viewer.closed()))).toEqual(TOLD);
    await soon(() => expect(at.assembly.server.connections).toBe(DEAF));
    await clock.advance(10);
    await soon(() => expect(at.assembly.server.connections).toBe(0));
    expect(await stopped).toBe('stopped');
    expect(clock.pending).toBe(0);
    await at.close();
  });
});
