// Hot: a broadcast walks here.
import { prepareMessage, type PreparedMessage } from './prepared-message';

/** Who can be in a room. */
export interface Member {
  /** What handlers hold of it. */
  readonly facade: object;
  /** Sends it a message that is ready; a promise where its sender should wait. */
  deliver(message: PreparedMessage): Promise<void> | undefined;
}

/** How a message is sent to many. */
export interface BroadcastOptions {
  /** A session that does not get it: mostly the one that caused it. */
  readonly except?: object;
}

/** Those in a room, or all sessions of a class. */
export class Audience {
  readonly #members: () => ReadonlySet<Member> | undefined;

  /** @internal Use `session.to` or `WebSocketRooms`. */
  constructor(members: () => ReadonlySet<Member> | undefined) {
    this.#members = members;
  }

  /** How many they are. */
  get size(): number {
    return this.#members()?.size ?? 0;
  }

  /**
   * Sends a message to all of them; it is written as JSON and framed once.
   *
   * In: text, bytes, or anything JSON can say; `except`, who does not get it. Out: with `backpressure: 'wait'` a promise that
   * settles when the slowest has caught up, where one is behind; else `undefined`. Fails with: WEBSOCKET_UNSENDABLE.
   */
  send(data: unknown, { except }: BroadcastOptions = {}): Promise<void> | undefined {
    const members = this.#members();
    if (members === undefined || members.size === 0) return undefined;
    const message = prepareMessage(data);
    let behind: Promise<void>[] | undefined;
    for (const member of members) {
      if (member.facade === except) continue;
      const sent = member.deliver(message);
      if (sent !== undefined) (behind ??= []).push(sent);
    }
    return behind === undefined ? undefined : Promise.all(behind).then(() => undefined);
  }
}

/** The rooms of one `@WebSocket` class. A room is there while somebody is in it. */
export class Rooms {
  readonly #all = new Set<Member>();
  readonly #byName = new Map<string, Set<Member>>();
  /** All sessions of the class. */
  readonly everybody = new Audience(() => this.#all);

  enter(member: Member): void {
    this.#all.add(member);
  }

  exit(member: Member): void {
    this.#all.delete(member);
  }

  join(name: string, member: Member): void {
    const members = this.#byName.get(name);
    if (members === undefined) this.#byName.set(name, new Set([member]));
    else members.add(member);
  }

  leave(name: string, member: Member): void {
    const members = this.#byName.get(name);
    if (members === undefined || !members.delete(member)) return;
    if (members.size === 0) this.#byName.delete(name);
  }

  to(name: string): Audience {
    return new Audience(() => this.#byName.get(name));
  }

  /** The names of the rooms that somebody is in. */
  names(): string[] {
    return [...this.#byName.keys()];
  }
}
