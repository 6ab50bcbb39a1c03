/** Something that only adds up, or comes and goes. */
interface Count {
  add(amount: number): void;
}

/** Where the numbers of a `@WebSocket` class go; bound when it is compiled. */
export interface WebSocketInstruments {
  /** Sessions that are open. */
  readonly connections: Count;
  readonly received: Count;
  readonly sent: Count;
  /** Messages that were not sent, or not handled: `skipped`, `cut` (their client was), `closed` (they still waited). */
  dropped(reason: 'skipped' | 'cut' | 'closed', messages: number): void;
  /** A session was closed. In: the close code that counts. */
  closed(code: number): void;
  /** How long messages of a type take. In: the type; `undefined`: whatever has none. */
  durations(type: string | undefined): { record(seconds: number): void };
}
