const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;
/** A frame comes each second: without one for so long, nobody is there any more, whatever the socket says. */
const SILENCE_MS = 5_000;

/**
 * The frames of the server, as long as the page is open: it connects again by itself, later and later. `told` hears
 * `frame(frame)`, `live()`, `lost(reason, waitMs)` and `refused()`.
 */
export class LiveFrames {
  #told;
  #socket;
  #waitMs = FIRST_WAIT_MS;
  #retry;
  #silence;
  #hasOpened = false;

  constructor(told) {
    this.#told = told;
    // Nobody waits for a timer when there is a network again.
    addEventListener('online', () => this.retry());
    addEventListener('pagehide', () => this.#socket?.close());
    addEventListener('pageshow', (event) => event.persisted && this.retry());
  }

  open() {
    clearTimeout(this.#retry);
    this.#hasOpened = false;
    const url = new URL('/ws/metrics', location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url);
    this.#socket = socket;
    this.#listen();
    socket.addEventListener('open', () => {
      this.#hasOpened = true;
      this.#listen();
    });
    socket.addEventListener('message', ({ data }) => {
      this.#listen();
      this.#waitMs = FIRST_WAIT_MS;
      this.#told.frame(JSON.parse(data));
      this.#told.live();
    });
    socket.addEventListener('close', ({ code }) => socket === this.#socket && void this.#closed(code));
  }

  /** Now, and not when it would be tried again. */
  retry() {
    if (this.#socket?.readyState === WebSocket.OPEN || this.#socket?.readyState === WebSocket.CONNECTING) return;
    this.#waitMs = FIRST_WAIT_MS;
    this.open();
  }

  #listen() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      const socket = this.#socket;
      this.#socket = undefined;
      socket?.close();
      void this.#closed(0);
    }, SILENCE_MS);
  }

  async #closed(code) {
    clearTimeout(this.#silence);
    this.#socket = undefined;
    if (!this.#hasOpened && (await isRefused())) return this.#told.refused();
    const waitMs = this.#waitMs * (0.8 + 0.4 * Math.random());
    this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 1.7);
    this.#told.lost(code === 1001 ? 'The server is stopping' : 'The connection was lost', waitMs);
    this.#retry = setTimeout(() => this.open(), waitMs);
  }
}

/** A WebSocket does not tell its page why it was refused. */
async function isRefused() {
  try {
    return (await fetch('/session', { cache: 'no-store' })).status === 401;
  } catch {
    return false;
  }
}
