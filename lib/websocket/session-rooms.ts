import type { Duplex } from 'node:stream';
import type { Logger } from '../diagnostics/logger';
import type { Exchange } from '../http/exchange';
import type { Lifetime } from '../lifetime/lifetime';
import type { HeartbeatRooms } from './heartbeat';
import type { Rooms } from './rooms';
import type { Socket } from './upgrade';
import type { WebSocketInstruments } from './web-socket-instruments';
import type { WebSocketSettings } from './web-socket-options';

/** What all sessions of a class share. `One` is a session. */
export interface SessionRooms<One> extends HeartbeatRooms {
  /** The template of the path. */
  readonly route: string;
  readonly settings: WebSocketSettings;
  readonly rooms: Rooms;
  readonly logger: Logger;
  readonly instruments: WebSocketInstruments;
  /** Of the class: its sessions are inside of it. */
  readonly lifetime: Lifetime;
  /** What sessions are closed with that are asked to come to an end. */
  readonly farewell: number;
  /** Handles a message; never throws. Out: a promise when the next one has to wait for it; it never rejects. */
  handle(session: One, data: Buffer, isBinary: boolean): Promise<void> | undefined;
  /** Answers a message with a failure; never throws. */
  refuse(session: One, error: unknown): void;
  /** It is over, and its socket closed. */
  closed(session: One): void;
}

/** A connection whose handshake is done. */
export interface OpenConnection {
  readonly stream: Duplex;
  readonly socket: Socket;
  readonly user: unknown;
  /** The request it began as; `undefined` where nobody asks for it any more. */
  readonly exchange: Exchange | undefined;
  /** Its place among the sessions there may be is free again. */
  readonly giveBack: () => void;
}
