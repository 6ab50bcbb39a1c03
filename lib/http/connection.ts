// Hot: the list of what a connection is waiting for is kept by links in the exchanges themselves.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HttpProtocol } from './target';

/** Something on a connection that is not answered yet. The links are the connection's. */
export interface Unanswered {
  older: Unanswered | undefined;
  newer: Unanswered | undefined;
  /** How much of its answer waits for the client to read. */
  readonly unsentBytes: number;
  clientGone(): void;
  /** What the client sends can no longer be understood: a body still being read fails. Out: whether there was one. */
  inputBroken(failure: Error): boolean;
}

/** A request with which its connection has left, or is leaving, Node's parser (HTTP/1.1). */
export interface DivertedRequest {
  readonly request: IncomingMessage;
  /** Whether its body, if it has one, has come. */
  readonly isWhole: boolean;
  /** What the parser's hook answers. */
  leave(): number;
  /** The parser has let go. In: what came behind the head in the same packet. */
  left(head: Buffer): void;
  /**
   * Tells when the connection can be had: its earlier answers are through, and the body of the request has come. Out: whether
   * that is still to come.
   */
  ready(waiting: ConnectionWaiting): boolean;
  /** Nobody waits for it any more. */
  forget(): void;
  /** HTTP lets go of the socket: nothing of it is left there. */
  release(): Duplex;
}

/** Who waits for the connection behind a request. */
export interface ConnectionWaiting {
  ready(): void;
  failed(failure: Error): void;
}

/** A request that was not begun: its body may be in the packet of its head. */
export interface Awaiting {
  /** It is not: the request is one that waits, and is told what happens to its connection. Without effect on one that was begun. */
  waitLonger(): void;
}

/** One client's connection: what it speaks, and what it waits for. */
export class Connection {
  readonly socket: Duplex;
  readonly protocol: HttpProtocol;
  readonly encrypted: boolean;
  /** The client left, or can no longer be answered. */
  gone: boolean;
  /** What the client sends can no longer be understood; it was told, or will be. */
  broken: boolean;
  /** Set while a body that was refused is dropped before the connection closes (HTTP/1.1): there is nothing more to wait for. */
  stopDropping: (() => void) | undefined;
  /** The response begun last (HTTP/1.1): they go out in order, so when it is through, all are. */
  lastResponse: ServerResponse | undefined;
  /** When the last request came, or the connection if there was none; as far as somebody looked. */
  askedAtMs: number;
  /** How much had come of it when somebody looked last (HTTP/1.1). */
  bytesSeen: number;
  /** Whether it is closed when none of its bytes move for a while: some were waiting when somebody looked. */
  guarded: boolean;
  /** The request whose head was just read (HTTP/1.1), while it is handed on: what follows it is still unread. */
  arriving: IncomingMessage | undefined;
  /** The request whose body is just being read, if nothing was begun for it (HTTP/1.1). */
  awaiting: Awaiting | undefined;
  /** The request with which the connection left Node's parser (HTTP/1.1), while that is under way. */
  diversion: DivertedRequest | undefined;
  /** Whether the connection is no longer HTTP's: somebody took it over. */
  taken: boolean;
  /** Told of each URL that is asked for (HTTP/2), once something was promised to the client. */
  promises: { asked(url: string): void } | undefined;
  /** Told of each request that its client took back before it was answered (HTTP/2). */
  takenBack: (() => void) | undefined;
  /** How many wait for their answer. */
  unanswered: number;
  #newest: Unanswered | undefined;

  constructor(socket: Duplex, protocol: HttpProtocol, encrypted: boolean, nowMs: number) {
    this.socket = socket;
    this.protocol = protocol;
    this.encrypted = encrypted;
    this.gone = false;
    this.broken = false;
    this.stopDropping = undefined;
    this.lastResponse = undefined;
    this.askedAtMs = nowMs;
    this.bytesSeen = 0;
    this.guarded = false;
    this.arriving = undefined;
    this.awaiting = undefined;
    this.diversion = undefined;
    this.taken = false;
    this.promises = undefined;
    this.takenBack = undefined;
    this.unanswered = 0;
    this.#newest = undefined;
  }

  /** The address of the peer, empty when there is none (in-process, or gone). */
  get remoteAddress(): string {
    return (this.socket as { remoteAddress?: string }).remoteAddress ?? '';
  }

  /** Whether something on it waits for its answer. */
  get busy(): boolean {
    return this.unanswered > 0 || this.awaiting !== undefined;
  }

  add(unanswered: Unanswered): void {
    unanswered.older = this.#newest;
    if (this.#newest !== undefined) this.#newest.newer = unanswered;
    this.#newest = unanswered;
    this.unanswered++;
  }

  /** Without effect on what is not in it (any more). */
  remove(unanswered: Unanswered): void {
    const { older, newer } = unanswered;
    if (newer !== undefined) newer.older = older;
    else if (this.#newest === unanswered) this.#newest = older;
    else return;
    this.unanswered--;
    if (older !== undefined) older.newer = newer;
    unanswered.older = undefined;
    unanswered.newer = undefined;
  }

  /** How much of the answers under way waits for the client to read. */
  get unsentBytes(): number {
    let bytes = 0;
    for (let next = this.#newest; next !== undefined; next = next.older) bytes += next.unsentBytes;
    return bytes;
  }

  /** Calls `done` once every response begun on it was handed to the socket whole, or is lost with it; at once when there is none. */
  whenAnswered(done: () => void): void {
    const { lastResponse } = this;
    if (lastResponse === undefined || lastResponse.writableFinished || lastResponse.destroyed) done();
    else lastResponse.once('close', done);
  }

  /** Fails the body that is still being read. Out: whether there was one. */
  inputBroken(failure: Error): boolean {
    this.awaiting?.waitLonger();
    for (let next = this.#newest; next !== undefined; next = next.older) if (next.inputBroken(failure)) return true;
    return false;
  }

  /** The client left: everything that still waits for an answer is cut. */
  readonly clientGone = (): void => {
    this.awaiting?.waitLonger();
    this.gone = true;
    for (let next = this.#newest; next !== undefined; next = this.#newest) {
      this.remove(next);
      next.clientGone();
    }
  };
}
